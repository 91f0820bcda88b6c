"""The trials of the popularity baseline."""

from __future__ import annotations

import pytest

from movierec.models.popularity import Variant
from movierec.ranking.recommend import movie_lists
from movierec.stages.popularity import collect_variant_metrics
from tests.support.confs import tiny_conf


def test_cold_users_count_for_a_variant_too(spark):
    train = spark.createDataFrame(
        [(1, 10, 5.0), (1, 11, 4.0), (2, 10, 4.0)], "user_id int, movie_id int, rating float"
    )
    relevant = spark.createDataFrame([(2, 11), (3, 10), (4, 99)], "user_id int, movie_id int")
    found = collect_variant_metrics(
        train,
        variant=Variant(kind="count", damping=None),
        seen=movie_lists(train),
        relevant=movie_lists(relevant),
        config=tiny_conf("w", "a", evaluation__k=1),
    )
    # user 2 has seen the most popular movie, user 3 nothing; user 4's movie is not in train
    assert found["recall"] == pytest.approx(2 / 3, abs=1e-9)
