"""The index keeps the scores and tightens the bounds, for any factors."""

from __future__ import annotations

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
@pytest.mark.parametrize("movies", [MOVIES, MOVIES[:3], 1e30 * MOVIES, np.repeat(ONE, 5, axis=0)])
def test_scores_do_not_change(users, movies):
    index = MipsIndex.of(movies, users)
    scores = (USERS @ index.transform) @ index.factors.T.astype(float)
    expected = USERS @ movies[index.positions].T
    bounds = np.linalg.norm(USERS @ index.transform, axis=1)[:, None] * index.norms
    # The error of single precision; that of the transformation must be a small part of it.
    assert (abs(scores - expected) <= 2.0**-23 * bounds).all()


def test_movies_are_sorted_by_falling_norm_and_places_invert_positions():
    index = MipsIndex.of(MOVIES, USERS)
    assert (np.diff(index.norms) <= 0).all()
    np.testing.assert_allclose(np.linalg.norm(index.factors, axis=1), index.norms, rtol=1e-6)
    assert (index.places[index.positions] == np.arange(900)).all()
    assert sorted(index.positions) == list(range(900))


def test_each_side_gets_the_moments_of_the_other():
    index = MipsIndex.of(MOVIES, USERS)
    transformed = USERS @ index.transform
    ratio = (transformed.T @ transformed / len(USERS)) @ np.linalg.inv(
        MOVIES.T @ MOVIES / len(MOVIES)
    )
    np.testing.assert_allclose(ratio / ratio[0, 0], np.eye(16), atol=1e-9)


def alternating_least_squares(n_users, n_movies, rank):
    """Return the factors of users and movies, fitted to likes with tastes and a long tail."""
    rng = np.random.default_rng(2)
    tastes = rng.normal(size=(n_users, rank)) @ rng.normal(size=(rank, n_movies))
    popularity = -np.log(np.arange(1, n_movies + 1))
    likes = 0.7 * tastes + popularity + rng.gumbel(size=tastes.shape) > -1.5
    movies = rng.normal(size=(n_movies, rank))
    for _ in range(4):
        users = likes @ movies @ np.linalg.inv(movies.T @ movies + 10 * np.eye(rank))
        movies = likes.T @ users @ np.linalg.inv(users.T @ users + 10 * np.eye(rank))
    return users, movies


def test_a_sample_of_users_reduces_the_movies_to_visit():
    users, movies = alternating_least_squares(600, 900, 8)
    tenth = np.partition(users @ movies.T, -10, axis=1)[:, -10]

    def visited(some):
        index = MipsIndex.of(movies, some)
        bounds = np.linalg.norm(users @ index.transform, axis=1)[:, None] * index.norms
        return (bounds >= tenth[:, None]).mean()

    assert visited(users[::2]) < 0.75 * visited(users[:0])


def test_the_condition_of_the_transformation_is_bounded():
    flat = np.zeros((50, 16))
    flat[:, 3] = 7.0
    for users, movies in ((flat, MOVIES), (USERS, flat), (flat, flat), (flat, flat[:, ::-1])):
        assert np.linalg.cond(MipsIndex.of(movies, users).transform) < 1100
