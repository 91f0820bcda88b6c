"""Strangers who rated the twins' movies: who can be one, and the comparison with twins."""

from dataclasses import replace

import numpy as np
import pytest

from movierec.twins.correlation import CommonRatings, grouped_pearson
from movierec.twins.strangers import (
    Strangers,
    collect_strangers,
    compare_with_strangers,
    expected_pearson,
)

N_MOVIES, N_PAIRS = 30, 20
USERS = np.arange(2 * N_PAIRS).reshape(-1, 2)
QUALITY = np.linspace(-1, 1, N_MOVIES)
CROWD = Strangers(np.arange(N_MOVIES), QUALITY, np.ones(N_MOVIES))


def common(rng, *, agreement):
    """Pairs whose ratings follow the movies' quality, and each other to the degree `agreement`."""
    own = rng.normal(size=(N_PAIRS, N_MOVIES))
    a = QUALITY + own
    b = QUALITY + agreement * own + (1 - agreement) * rng.normal(size=own.shape)
    pairs = np.repeat(np.arange(N_PAIRS), N_MOVIES)
    movies = np.tile(np.arange(N_MOVIES), N_PAIRS)
    return CommonRatings(N_PAIRS, pairs, movies, a.ravel(), b.ravel())


def some_of(twins, where, n_pairs=N_PAIRS):
    parts = (twins.pairs, twins.movies, twins.ratings_a, twins.ratings_b)
    return CommonRatings(n_pairs, *(part[where] for part in parts))


def pearson(twins):
    shape = {"n_groups": twins.n_pairs, "min_entries": 5}
    return grouped_pearson(twins.pairs, twins.ratings_a, twins.ratings_b, **shape)


def compared(twins, strangers=CROWD, users=USERS, min_common=5):
    return compare_with_strangers(twins, strangers, users=users, min_common=min_common)


def test_pairs_who_agree_beyond_the_movies_quality_lead():
    twins = common(np.random.default_rng(1), agreement=0.8)
    found = compared(twins)
    assert found["twins_mean"] == pytest.approx(pearson(twins).mean(), abs=1e-9)
    # the correlation by the movies' quality alone: a variance of 1/3 of 1/3 + 1
    assert found["strangers_mean"] == pytest.approx(0.26, abs=0.05)
    assert found["lead"] == pytest.approx(found["twins_mean"] - found["strangers_mean"], abs=1e-8)
    low, high = found["lead_ci95"]
    assert 0 < low < found["lead"] < high
    assert found["p_value"] < 0.001
    assert found["undefined"] == found["movies_without_stranger"] == 0


def test_pairs_who_share_only_the_movies_quality_do_not_lead():
    found = compared(common(np.random.default_rng(2), agreement=0.0))
    assert found["lead_ci95"][0] < 0 < found["lead_ci95"][1]
    assert found["p_value"] > 0.05


@pytest.mark.parametrize("n", [6, 12, 40])
def test_the_expected_correlation_is_the_mean_of_drawn_ones(n):
    rng = np.random.default_rng(n)
    x, mean, variance = rng.normal(size=n), rng.normal(size=n), rng.uniform(0.5, 2, size=n)
    draws = 40_000
    y = mean + np.sqrt(variance) * rng.normal(size=(draws, n))
    deviations = y - y.mean(axis=1, keepdims=True)
    drawn = (deviations @ (x - x.mean())) / np.linalg.norm(deviations, axis=1)
    drawn /= np.linalg.norm(x - x.mean())
    (found,) = expected_pearson(np.zeros(n, np.int64), x, mean, variance, n_groups=1)
    assert found == pytest.approx(drawn.mean(), abs=0.02)


def test_movies_without_a_stranger_are_left_out_also_for_the_twins():
    twins = common(np.random.default_rng(3), agreement=0.5)
    found = compared(twins, Strangers(np.arange(4, N_MOVIES), QUALITY[4:], np.ones(N_MOVIES - 4)))
    left = some_of(twins, twins.movies >= 4)
    assert found["movies_without_stranger"] == 4
    assert found["twins_mean"] == pytest.approx(pearson(left).mean(), abs=1e-9)
    nobody = compared(twins, Strangers(*(np.array([], dtype) for dtype in (int, float, float))))
    assert nobody["movies_without_stranger"] == N_MOVIES
    assert nobody["twins_mean"] is nobody["lead"] is None


def test_undefined_pairs_are_in_neither_mean():
    """Half of the pairs have a user without spread, and would agree with strangers."""
    twins = common(np.random.default_rng(4), agreement=0.5)
    undefined = twins.pairs >= N_PAIRS // 2
    flat = replace(
        twins,
        ratings_a=np.where(undefined, 4.0, twins.ratings_a),
        ratings_b=np.where(undefined, QUALITY[twins.movies], twins.ratings_b),
    )
    half = some_of(twins, ~undefined, N_PAIRS // 2)
    found = compared(flat)
    assert found.pop("undefined") == N_PAIRS // 2
    expected = compared(half, users=USERS[: N_PAIRS // 2])
    assert expected.pop("undefined") == 0
    assert found == expected
    nothing = compared(twins, min_common=N_MOVIES + 1)
    assert nothing["undefined"] == N_PAIRS
    assert nothing["twins_mean"] is nothing["p_value"] is nothing["strangers_mean"] is None


def test_strangers_are_active_users_outside_the_pairs_less_their_leniency(spark):
    rng = np.random.default_rng(5)
    rows = [
        (user, movie, float(rng.integers(1, 11)) / 2)
        for user in range(60)
        for movie in range(12)
        if rng.random() < 0.6 or (user, movie) == (59, 0)
    ]
    rows = [row for row in rows if row[0] != 59 or row[1] < 3]
    ratings = spark.createDataFrame(rows, "user_id int, movie_id int, rating float")

    def found(frame):
        return collect_strangers(frame, movies=[3, 0, 99], excluded=[1, 2], min_movies=4)

    of_movie = {m: np.mean([r for _, o, r in rows if o == m]) for m in range(12)}
    leniency = {u: np.mean([r - of_movie[m] for v, m, r in rows if v == u]) for u in range(60)}
    count = {u: sum(v == u for v, *_ in rows) for u in range(60)}
    one = found(ratings)
    assert one.movies.tolist() == [0, 3]
    for place, movie in enumerate((0, 3)):
        values = [
            r - leniency[u] for u, m, r in rows if m == movie and count[u] >= 4 and u not in (1, 2)
        ]
        assert one.mean[place] == pytest.approx(np.mean(values), abs=2e-5)
        assert one.variance[place] == pytest.approx(np.var(values), abs=1e-4)
    for other in (found(ratings.repartition(3)), found(ratings.orderBy("rating"))):
        assert other.mean.tolist() == one.mean.tolist()
        assert other.variance.tolist() == one.variance.tolist()
