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


def test_movies_are_sorted_by_falling_norm_and_places_invert_positions():
    index = MipsIndex.of(MOVIES, USERS)
    assert (np.diff(index.norms) <= 0).all()
    found = np.linalg.norm(index.factors[:, :-1], axis=1)
    np.testing.assert_allclose(found, index.norms, rtol=1e-6)
    assert index.norms[0] == 1.0
    assert (index.places[index.positions] == np.arange(900)).all()
    assert sorted(index.positions) == list(range(900))


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
        unit = np.linalg.norm(movies @ np.linalg.inv(index.transform), axis=1).max()
        bounds = np.linalg.norm(users @ index.transform, axis=1)[:, None] * index.norms * unit
        return (bounds >= tenth[:, None]).mean()

    assert visited(users[::2]) < 0.75 * visited(users[:0])


def test_the_condition_of_the_transformation_is_bounded():
    flat = np.zeros((50, 16))
    flat[:, 3] = 7.0
    for users, movies in ((flat, MOVIES), (USERS, flat), (flat, flat), (flat, flat[:, ::-1])):
        assert np.linalg.cond(MipsIndex.of(movies, users).transform) < 1100
