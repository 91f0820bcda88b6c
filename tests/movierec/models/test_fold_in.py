"""Folding in gives the factors that a fit gives, and takes scores apart.

Covers `movierec.models.new_users`.
"""

import random

import numpy as np
import pytest

from movierec.config.schema import AlsConfig
from movierec.models import als
from movierec.models.als import AlsParams
from movierec.models.als_engines import fit_factors
from movierec.models.fold_in import Equations, FoldIn, feedback_values
from movierec.models.new_users import fold_in_users
from tests.support.confs import tiny_conf

CONFIG = AlsConfig(max_iter=4, num_user_blocks=2, num_item_blocks=2, seed=1)
HOW = {"relevant_rating": 4.0, "pivot": 3.0}


@pytest.fixture(scope="module")
def ratings(spark):
    """User 40 dislikes all that they rate."""
    rng = random.Random(1)
    rows = [
        (user, movie, rng.choice([0.5, 2.0, 3.0, 3.5, 4.0, 5.0]) if user < 40 else 1.0)
        for user in range(41)
        for movie in rng.sample(range(60), 25)
    ]
    return spark.createDataFrame(rows, "user_id int, movie_id int, rating float").persist()


@pytest.mark.parametrize("feedback", ["signed", "liked", "rating", None])
def test_a_user_of_the_fit_gets_the_factors_of_the_fit(ratings, feedback):
    alpha = None if feedback is None else 4.0
    params = AlsParams(rank=6, reg_param=0.1, alpha=alpha, feedback=feedback)
    values = als.in_fixed_order(als.als_input(ratings, feedback=feedback, **HOW), config=CONFIG)
    factors = als.factors_of(als.fit_als(values, params=params, config=CONFIG))
    movies = dict(factors.movies.collect())
    ids = sorted(movies)
    fold_in = FoldIn(np.array([movies[one] for one in ids]), reg_param=0.1, alpha=alpha)
    fitted = dict(factors.users.collect())
    rated = ratings.toPandas()
    for user, own in rated.groupby("user_id"):
        given = feedback_values(own["rating"], feedback=feedback, **HOW)
        equations = fold_in.equations(np.searchsorted(ids, own["movie_id"]), given)
        assert equations.solve() == pytest.approx(fitted[user], rel=1e-5, abs=1e-5)
        scores = fold_in.movies @ equations.solve()
        assert equations.shares(fold_in.movies).sum(axis=1) == pytest.approx(scores, abs=1e-9)


def test_a_like_weighs_for_a_movie_like_itself():
    """Movie 1 is close to 0 and far from 2; who likes 0 and 2 gets 1 because of 0."""
    fold_in = FoldIn(np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]), reg_param=0.1, alpha=2.0)
    equations = fold_in.equations([0, 2], np.array([1.0, 1.0]))
    shares = equations.shares(fold_in.movies[1:2])
    assert shares[0, 0] > 5 * abs(shares[0, 1])


def test_a_system_without_a_single_solution_is_refused():
    singular = Equations(np.zeros((2, 2)), np.ones((1, 2)), np.ones(1))
    with pytest.raises(np.linalg.LinAlgError):
        singular.solve()


# --- many at once ---------------------------------------------------------------------------------

PARAMS = AlsParams(rank=6, reg_param=0.1, alpha=4.0, feedback="signed")


@pytest.fixture(scope="module")
def config():
    return als.with_block_counts(tiny_conf("w", "a", als__max_iter=4), n_ratings=0)


@pytest.fixture(scope="module")
def factors(ratings, config):
    return fit_factors(ratings, params=PARAMS, config=config)


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


def test_who_dislikes_all_has_zeros_where_there_are_fewer_movies_than_factors(spark, config):
    movies = spark.createDataFrame(
        [(1, [1.0, 0.0, 0.5]), (2, [0.0, 1.0, 0.5])], "movie_id int, factors array<float>"
    )
    disliked = spark.createDataFrame([(7, 1, 1.0)], "user_id int, movie_id int, rating float")
    found = fold_in_users(disliked, movie_factors=movies, params=PARAMS, config=config)
    assert dict(found.collect()) == {7: [0.0, 0.0, 0.0]}
