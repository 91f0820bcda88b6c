"""The space in which lists are searched: same scores, closer bounds, for whatever factors."""

from __future__ import annotations

import numpy as np
import pytest

from movierec.ranking.mips_index import SearchSpace

RNG = np.random.default_rng(1)
# Strong where users are weak, and the other way round, along directions that are no axes.
AXES = np.linalg.qr(RNG.normal(size=(16, 16)))[0]
USERS = RNG.normal(size=(400, 16)) * np.geomspace(0.1, 1.0, 16) @ AXES
MOVIES = RNG.normal(size=(900, 16)) * np.geomspace(5.0, 0.2, 16) @ AXES
ONE = np.ones((1, 16))


@pytest.mark.parametrize("users", [USERS, USERS[:3], 1e-30 * USERS, 0 * USERS, USERS[:0]])
@pytest.mark.parametrize("movies", [MOVIES, MOVIES[:3], 1e30 * MOVIES, np.repeat(ONE, 5, axis=0)])
def test_scores_stay_what_they_are(users, movies):
    space = SearchSpace.of(movies, users)
    scores = (USERS @ space.turn) @ space.factors.T.astype(float)
    expected = USERS @ movies[space.positions].T
    bounds = np.linalg.norm(USERS @ space.turn, axis=1)[:, None] * space.norms
    # What single precision costs, of which the turn must stay a small part.
    assert (abs(scores - expected) <= 2.0**-23 * bounds).all()


def test_movies_come_by_falling_norm_and_places_lead_back():
    space = SearchSpace.of(MOVIES, USERS)
    assert (np.diff(space.norms) <= 0).all()
    np.testing.assert_allclose(np.linalg.norm(space.factors, axis=1), space.norms, rtol=1e-6)
    assert (space.places[space.positions] == np.arange(900)).all()


def test_equal_norms_keep_the_catalogues_order():
    assert SearchSpace.of(np.repeat(ONE, 5, axis=0), USERS).positions.tolist() == [0, 1, 2, 3, 4]


def test_each_side_takes_on_the_moments_of_the_other():
    space = SearchSpace.of(MOVIES, USERS)
    turned = USERS @ space.turn
    ratio = (turned.T @ turned / len(USERS)) @ np.linalg.inv(MOVIES.T @ MOVIES / len(MOVIES))
    np.testing.assert_allclose(ratio / ratio[0, 0], np.eye(16), atol=1e-9)


def alternating_least_squares(n_users, n_movies, rank):
    """Return users' and movies' factors, fitted to likes with tastes and a long tail."""
    rng = np.random.default_rng(2)
    tastes = rng.normal(size=(n_users, rank)) @ rng.normal(size=(rank, n_movies))
    popularity = -np.log(np.arange(1, n_movies + 1))
    likes = 0.7 * tastes + popularity + rng.gumbel(size=tastes.shape) > -1.5
    movies = rng.normal(size=(n_movies, rank))
    for _ in range(4):
        users = likes @ movies @ np.linalg.inv(movies.T @ movies + 10 * np.eye(rank))
        movies = likes.T @ users @ np.linalg.inv(users.T @ users + 10 * np.eye(rank))
    return users, movies


def test_with_some_users_factors_fewer_movies_must_be_looked_at():
    users, movies = alternating_least_squares(600, 900, 8)
    tenth = np.partition(users @ movies.T, -10, axis=1)[:, -10]

    def looked_at(some):
        space = SearchSpace.of(movies, some)
        bounds = np.linalg.norm(users @ space.turn, axis=1)[:, None] * space.norms
        return (bounds >= tenth[:, None]).mean()

    assert looked_at(users[::2]) < 0.75 * looked_at(users[:0])


def test_the_turn_is_never_so_bent_that_doubles_cannot_turn_back():
    flat = np.zeros((50, 16))
    flat[:, 3] = 7.0
    for users, movies in ((flat, MOVIES), (USERS, flat), (flat, flat), (flat, flat[:, ::-1])):
        assert np.linalg.cond(SearchSpace.of(movies, users).turn) < 1100
