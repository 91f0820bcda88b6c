"""The index keeps the scores and tightens the bounds, for any factors."""

import numpy as np
import pytest

from movierec.ranking.mips_index import MipsIndex

RNG = np.random.default_rng(1)
# Movies are strong where users are weak and vice versa, along directions that are not axes.
AXES = np.linalg.qr(RNG.normal(size=(16, 16)))[0]
USERS = RNG.normal(size=(400, 16)) * np.geomspace(0.1, 1.0, 16) @ AXES
MOVIES = RNG.normal(size=(900, 16)) * np.geomspace(5.0, 0.2, 16) @ AXES
ONE = np.ones((1, 16))


@pytest.mark.parametrize("users", [USERS, USERS[:3], 1e-30 * USERS, 0 * USERS, USERS[:0]])
@pytest.mark.parametrize("movies", [MOVIES, MOVIES[:3], np.repeat(ONE, 5, axis=0)])
def test_a_product_bounds_the_score_from_above_and_less_twice_the_slack_from_below(users, movies):
    index = MipsIndex.of(movies, users)
    transformed = USERS @ index.transform
    norms = np.linalg.norm(transformed, axis=1, keepdims=True)
    ones = np.ones((len(USERS), 1))
    upper = np.hstack([transformed / norms, ones]).astype(np.float32) @ index.factors.T
    expected = USERS @ movies[index.positions].T / norms
    expected /= np.linalg.norm(movies @ np.linalg.inv(index.transform), axis=1).max()
    assert (upper >= expected).all()
    assert (upper - 2 * index.slack <= expected).all()
    assert (index.slack < 1e-4 * index.norms).all()


def test_copies_are_the_equal_movies_before_a_movie():
    movies = np.vstack([MOVIES[:2], MOVIES[:1], MOVIES[:1], MOVIES[1:2], MOVIES[2:3]])
    index = MipsIndex.of(movies, USERS)
    assert index.copies[index.places].tolist() == [0, 0, 1, 2, 1, 0]


def test_each_side_gets_the_moments_of_the_other():
    index = MipsIndex.of(MOVIES, USERS)
    transformed = USERS @ index.transform
    ratio = (transformed.T @ transformed / len(USERS)) @ np.linalg.inv(
        MOVIES.T @ MOVIES / len(MOVIES)
    )
    np.testing.assert_allclose(ratio / ratio[0, 0], np.eye(16), atol=1e-9)


def test_the_condition_of_the_transformation_is_bounded():
    flat = np.zeros((50, 16))
    flat[:, 3] = 7.0
    for users, movies in ((flat, MOVIES), (USERS, flat), (flat, flat), (flat, flat[:, ::-1])):
        assert np.linalg.cond(MipsIndex.of(movies, users).transform) < 1100
