"""What the models of a split share, and that it is freed.

Covers `movierec.models.names`.
"""

from unittest.mock import Mock

import pytest

from movierec.models import recommenders as recommenders_module
from movierec.models.ease import EaseParams
from movierec.models.popularity import Variant
from movierec.models.recommenders import Recommenders
from tests.support.confs import tiny_conf

TRAIN = [(1, 10, 5.0), (1, 11, 3.0), (2, 10, 4.0), (2, 12, 4.0), (3, 10, 1.0)]
HELDOUT = [(1, 12, 4.0), (1, 99, 5.0), (2, 11, 4.0)]


def recommenders_of(spark, heldout=HELDOUT, **changes):
    schema = "user_id int, movie_id int, rating float"
    train, heldout = (spark.createDataFrame(rows, schema) for rows in (TRAIN, heldout))
    config = tiny_conf("w", "a", evaluation__k=2, **changes)
    return Recommenders(train=train, heldout=heldout, config=config)


def listed(lists):
    rows = lists.orderBy("user_id", "rank").collect()
    return [(row.user_id, row.movie_id, row["rank"]) for row in rows]


def test_models_of_the_same_factors_share_a_catalogue_until_close(spark, monkeypatch):
    collect = Mock(wraps=recommenders_module.collect_catalogue)
    monkeypatch.setattr(recommenders_module, "collect_catalogue", collect)
    recommenders = recommenders_of(spark)
    popularity = recommenders.popularity_factors(Variant(kind="count"))
    best, random = recommenders.lists(popularity), recommenders.random_lists(popularity)
    assert listed(best) == [(1, 12, 1), (2, 11, 1), (3, 11, 1), (3, 12, 2)]
    assert {row[:2] for row in listed(random)} == {row[:2] for row in listed(best)}
    assert collect.call_count == 1
    recommenders.lists(recommenders.popularity_factors(Variant(kind="liked")))
    assert collect.call_count == 2
    recommenders.close()
    with pytest.raises(Exception, match="destroyed"):
        best.collect()


def test_a_user_without_training_ratings_gets_popular_movies(spark):
    recommenders = recommenders_of(spark, heldout=[*HELDOUT, (4, 11, 4.0)])
    popularity = recommenders.popularity_factors(Variant(kind="count"))
    of_cold = [row for row in listed(recommenders.lists(popularity)) if row[0] == 4]
    assert of_cold == [(4, 10, 1), (4, 11, 2)]
    by_chance = [row for row in listed(recommenders.random_lists(popularity)) if row[0] == 4]
    assert [row[2] for row in by_chance] == [1, 2]
    recommenders.close()


def test_the_inflated_protocol_ranks_held_out_candidates_alone(spark):
    recommenders = recommenders_of(spark, evaluation__candidates="heldout_only")
    popularity = recommenders.popularity_factors(Variant(kind="count"))
    for lists in (recommenders.lists(popularity), recommenders.random_lists(popularity)):
        assert listed(lists) == [(1, 12, 1), (2, 11, 1)]
    recommenders.close()


@pytest.mark.parametrize(
    ("candidates", "wanted"),
    [
        ("unseen", [(1, 12, 1), (2, 11, 1), (3, 11, 1), (3, 12, 2)]),
        ("heldout_only", [(1, 12, 1), (2, 11, 1)]),
    ],
)
def test_what_ease_does_not_know_comes_without_a_score(spark, candidates, wanted):
    """It knows movie 10 alone, which all have rated; movie 99 has no training rating."""
    recommenders = recommenders_of(spark, evaluation__candidates=candidates)
    ease = recommenders.fit_ease(EaseParams(feedback="soft", reg_param=1.0, movies=1))
    lists = recommenders.ease_lists(recommenders.share_ease(ease))
    assert listed(lists) == wanted
    assert lists.where("score IS NOT NULL").isEmpty()
    recommenders.close()


def test_the_oracle_lists_no_movie_that_is_not_in_train(spark):
    recommenders = recommenders_of(spark)
    assert listed(recommenders.oracle_lists()) == [(1, 12, 1), (2, 11, 1)]
    recommenders.close()
