"""Users who are folded in, many at once."""

import random

import pytest

from movierec.models import als
from movierec.models.als import AlsParams
from movierec.models.new_users import fold_in_users
from tests.support.confs import tiny_conf

PARAMS = AlsParams(rank=6, reg_param=0.1, alpha=4.0, feedback="signed")


@pytest.fixture(scope="module")
def config():
    return als.with_block_counts(tiny_conf("w", "a", als__max_iter=4), n_ratings=0)


@pytest.fixture(scope="module")
def ratings(spark):
    rng = random.Random(1)
    rows = [
        (user, movie, rng.choice([0.5, 2.0, 3.0, 3.5, 4.0, 5.0]) if user < 40 else 1.0)
        for user in range(41)
        for movie in rng.sample(range(60), 25)
    ]
    return spark.createDataFrame(rows, "user_id int, movie_id int, rating float").persist()


@pytest.fixture(scope="module")
def factors(ratings, config):
    return als.fit_factors(ratings, params=PARAMS, config=config)


def folded(ratings, factors, config):
    found = fold_in_users(ratings, movie_factors=factors.movies, params=PARAMS, config=config)
    return dict(found.collect())


def test_users_of_the_fit_get_its_factors_in_any_partitions(ratings, factors, config):
    found = folded(ratings.repartition(5, "movie_id"), factors, config)
    fitted = dict(factors.users.collect())
    assert found.keys() == fitted.keys()
    for user, expected in fitted.items():
        assert found[user] == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert found == folded(ratings.coalesce(1), factors, config)


def test_unknown_movies_count_for_nothing(spark, ratings, factors, config):
    mine = ratings.where("user_id = 7").selectExpr(
        "user_id + 1000 AS user_id", "movie_id", "rating"
    )
    unknown = spark.createDataFrame(
        [(1007, 999, 5.0), (1008, 999, 5.0)], "user_id int, movie_id int, rating float"
    )
    found = folded(mine.union(unknown), factors, config)
    assert found.keys() == {1007}
    assert found[1007] == pytest.approx(dict(factors.users.collect())[7], rel=1e-5, abs=1e-5)
