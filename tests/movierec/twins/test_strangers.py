"""Strangers who rated the twins' movies: who can be one, and the comparison with twins."""

import numpy as np
import pytest

from movierec.twins.correlation import CommonRatings, grouped_pearson
from movierec.twins.strangers import (
    RATERS_PER_MOVIE,
    Strangers,
    collect_strangers,
    compare_with_strangers,
    standard_deviation,
)

N_MOVIES, N_PAIRS = 30, 20


def common(rng, *, agreement):
    """Pairs whose ratings follow the movies' quality, and each other to the degree `agreement`."""
    quality = np.linspace(-1, 1, N_MOVIES)
    own = rng.normal(size=(N_PAIRS, N_MOVIES))
    a = quality + own
    b = quality + agreement * own + (1 - agreement) * rng.normal(size=own.shape)
    pairs = np.repeat(np.arange(N_PAIRS), N_MOVIES)
    movies = np.tile(np.arange(N_MOVIES), N_PAIRS)
    return CommonRatings(N_PAIRS, pairs, movies, a.ravel(), b.ravel())


def crowd(rng, *, per_movie=40):
    quality = np.repeat(np.linspace(-1, 1, N_MOVIES), per_movie)
    return Strangers(
        np.repeat(np.arange(N_MOVIES), per_movie), quality + rng.normal(size=len(quality))
    )


def compared(twins, strangers, **options):
    return compare_with_strangers(
        twins, strangers, **{"min_common": 5, "resamples": 400, "seed": 1} | options
    )


def test_pairs_who_agree_beyond_the_movies_quality_are_significant():
    rng = np.random.default_rng(1)
    twins = common(rng, agreement=0.8)
    found = compared(twins, crowd(rng))
    pearson = grouped_pearson(
        twins.pairs, twins.ratings_a, twins.ratings_b, n_groups=N_PAIRS, min_entries=5
    )
    assert found["twins_mean"] == pytest.approx(pearson.mean(), abs=1e-9)
    assert found["p_value"] == pytest.approx(2 / 401)
    assert found["glass_delta"] > 1
    assert found["strangers_mean_range95"][1] < found["twins_mean"]
    assert found["undefined"] == found["movies_without_stranger"] == 0


def test_the_effect_is_in_deviations_of_single_pairs_at_any_number_of_resamples():
    rng = np.random.default_rng(1)
    twins, strangers = common(rng, agreement=0.8), crowd(rng)
    few, many = (compared(twins, strangers, resamples=n) for n in (200, 2000))
    assert few["glass_delta"] == pytest.approx(many["glass_delta"], rel=0.02)
    # with one stranger per movie there is one correlation per pair and side
    alone = Strangers(np.arange(N_MOVIES), np.linspace(-1, 1, N_MOVIES) ** 3)
    sides = [
        grouped_pearson(
            twins.pairs, own, alone.centred[twins.movies], n_groups=N_PAIRS, min_entries=5
        )
        for own in (twins.ratings_a, twins.ratings_b)
    ]
    found = compared(twins, alone, resamples=4000)
    difference = found["twins_mean"] - np.mean(sides)
    assert found["glass_delta"] == pytest.approx(difference / np.std(sides), rel=0.02)
    assert sum(found["histogram"]) == pytest.approx(1)


def test_equal_correlations_have_no_standard_deviation():
    def deviation(*values):
        return standard_deviation(len(values), sum(values), sum(one**2 for one in values))

    equal = [0.1] * 1007
    assert deviation(*equal) is None
    assert deviation(*equal, 0.5) == pytest.approx(np.std([*equal, 0.5], ddof=1))
    assert deviation() is None


def test_pairs_who_share_only_the_movies_quality_are_not_significant():
    rng = np.random.default_rng(2)
    found = compared(common(rng, agreement=0.0), crowd(rng))
    low, high = found["strangers_mean_range95"]
    assert low < found["twins_mean"] < high
    assert found["p_value"] > 0.05
    # the correlation by the movies' quality alone: a variance of 1/3 of 1/3 + 1
    assert found["strangers_mean"] == pytest.approx(0.26, abs=0.05)


def test_movies_without_a_stranger_are_left_out_also_for_the_twins():
    rng = np.random.default_rng(3)
    twins = common(rng, agreement=0.5)
    strangers = crowd(rng)
    known = strangers.movies >= 4
    found = compared(twins, Strangers(strangers.movies[known], strangers.centred[known]))
    kept = twins.movies >= 4
    pearson = grouped_pearson(
        twins.pairs[kept],
        twins.ratings_a[kept],
        twins.ratings_b[kept],
        n_groups=N_PAIRS,
        min_entries=5,
    )
    assert found["movies_without_stranger"] == 4
    assert found["twins_mean"] == pytest.approx(pearson.mean(), abs=1e-9)


def test_undefined_correlations_are_counted():
    rng = np.random.default_rng(4)
    twins = common(rng, agreement=0.5)
    flat = CommonRatings(
        N_PAIRS,
        twins.pairs,
        twins.movies,
        np.where(twins.pairs == 3, 4.0, twins.ratings_a),
        twins.ratings_b,
    )
    assert compared(flat, crowd(rng))["undefined"] == 1
    nothing = compared(twins, crowd(rng), min_common=N_MOVIES + 1)
    assert nothing["undefined"] == N_PAIRS
    assert nothing["twins_mean"] is nothing["p_value"] is nothing["strangers_mean"] is None


def test_strangers_are_active_users_outside_the_pairs_with_centred_ratings(spark):
    rows = [
        (user, movie, float(1 + (user + movie) % 5)) for user in range(1, 6) for movie in (1, 2)
    ]
    rows += [(9, 1, 5.0)]
    ratings = spark.createDataFrame(rows, "user_id int, movie_id int, rating float")
    found = collect_strangers(ratings, movies=[1], excluded=[1, 2], min_movies=2, seed=1)
    assert found.movies.tolist() == [1, 1, 1]
    # users 3 to 5 rated movie 1 with 5, 1, 2 and movie 2 with 1, 2, 3
    assert found.centred.tolist() == [-0.5, -0.5, 2.0]


def test_the_same_sample_of_many_raters_is_drawn_at_any_partitioning(spark):
    rows = [(user, movie, 1.0 + user % 5) for user in range(400) for movie in (1, 2)]
    ratings = spark.createDataFrame(rows, "user_id int, movie_id int, rating float")

    def found(frame, seed=1):
        return collect_strangers(frame, movies=[1], excluded=[1], min_movies=1, seed=seed)

    one, three = found(ratings), found(ratings.repartition(3))
    assert one.centred.tolist() == three.centred.tolist()
    assert RATERS_PER_MOVIE / 2 < len(one.movies) < RATERS_PER_MOVIE * 1.5
    assert len(found(ratings, seed=2).movies) != len(one.movies)
