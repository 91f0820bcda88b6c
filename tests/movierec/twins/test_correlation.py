"""Correlations of common ratings against pandas, and common ratings against plain dicts."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.twins.correlation import (
    CommonRatings,
    agreement,
    collect_common_ratings,
    grouped_pearson,
    grouped_spearman,
)

RATINGS = st.sampled_from([0.5, 1.0, 2.0, 3.0, 3.5, 4.0, 4.5, 5.0])
N_GROUPS = 5


@st.composite
def entries(draw):
    """Group, x and y of entries in any order; some groups have few entries or none."""
    rows = draw(st.lists(st.tuples(st.integers(0, N_GROUPS - 1), RATINGS, RATINGS), max_size=60))
    frame = pd.DataFrame(rows, columns=["group", "x", "y"])
    return frame.astype({"group": np.int64, "x": np.float64, "y": np.float64})


def arrays(frame):
    return tuple(frame[name].to_numpy() for name in ("group", "x", "y"))


def correlations_by_pandas(frame, least, rank):
    found = []
    for group in range(N_GROUPS):
        own = frame[frame.group == group]
        x, y = (own.x.rank(), own.y.rank()) if rank else (own.x, own.y)
        defined = len(own) >= least and own.x.nunique() > 1 and own.y.nunique() > 1
        found.append(x.corr(y) if defined else math.nan)
    return np.array(found)


@settings(max_examples=60, deadline=None)
@given(frame=entries(), least=st.integers(2, 8))
def test_correlations_equal_those_of_pandas_or_are_undefined_in_any_order(frame, least):
    shape = {"n_groups": N_GROUPS, "min_entries": least}
    shuffled = frame.sample(frac=1, random_state=least)
    for correlate, rank in ((grouped_pearson, False), (grouped_spearman, True)):
        found = correlate(*arrays(frame), **shape)
        wanted = correlations_by_pandas(frame, least, rank)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(correlate(*arrays(shuffled), **shape), found)


def test_a_constant_rater_has_no_correlation_despite_rounding_errors():
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0] * 20)
    constant = np.full(100, 3.0 - 2.9)
    for pair in ((x, constant), (constant, x), (constant, constant)):
        found = grouped_pearson(np.zeros(100, np.int64), *pair, n_groups=1, min_entries=2)
        assert np.isnan(found).all()


def test_one_different_rating_among_a_thousand_is_enough_spread():
    x = np.full(1000, 5.0)
    x[3] = 4.5
    y = np.arange(1000) % 7 / 2
    found = grouped_pearson(np.zeros(1000, np.int64), x, y, n_groups=1, min_entries=2)
    assert found[0] == pytest.approx(pd.Series(x).corr(pd.Series(y)), abs=1e-12)


def common(n_pairs, rows):
    """Rows are (pair, movie, rating_a, rating_b)."""
    columns = np.array(rows, np.float64).reshape(-1, 4).T
    return CommonRatings(n_pairs, *columns[:2].astype(np.int64), *columns[2:])


def test_agreement_counts_movies_and_equal_ratings_with_nan_for_undefined():
    rows = [
        *((0, movie, rating, 6 - rating) for movie, rating in enumerate([1, 2, 3, 4, 5])),
        *((1, movie, 4, rating) for movie, rating in enumerate([3, 4, 4, 5])),
        *((3, movie, rating, rating) for movie, rating in enumerate([2, 5])),
        *((4, movie, rating, rating**2) for movie, rating in enumerate([1, 2, 5])),
    ]
    found = agreement(common(6, rows), min_common=3)
    assert found.common.tolist() == [5, 4, 0, 2, 3, 0]
    nan = math.nan
    np.testing.assert_array_equal(found.equal, [1 / 5, 2 / 4, nan, 1.0, 1 / 3, nan])
    pearson = pd.Series([1, 2, 5]).corr(pd.Series([1, 4, 25]))
    np.testing.assert_allclose(found.pearson, [-1, nan, nan, nan, pearson, nan])
    np.testing.assert_allclose(found.spearman, [-1, nan, nan, nan, 1, nan])
    defined = agreement(common(6, rows), min_common=2)
    np.testing.assert_allclose(defined.pearson, [-1, nan, nan, 1, pearson, nan])


def test_a_slice_of_the_pairs_is_renumbered_from_zero():
    whole = common(5, [(0, 7, 1, 2), (2, 7, 3, 4), (2, 9, 5, 1), (3, 8, 2, 2), (4, 6, 1, 1)])
    part = whole.slice(1, 4)
    assert part.n_pairs == 3
    assert rows_of(part) == [(1, 7, 3, 4), (1, 9, 5, 1), (2, 8, 2, 2)]
    assert (whole.slice(1, 2).n_pairs, len(whole.slice(1, 2).pairs)) == (1, 0)
    assert (whole.slice(5, 5).n_pairs, len(whole.slice(5, 5).pairs)) == (0, 0)


def rows_of(found):
    columns = (found.pairs, found.movies, found.ratings_a, found.ratings_b)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("partitions", [1, 3])
def test_common_ratings_are_sorted_by_pair_and_movie(spark, set_property, partitions):
    given_ratings = {
        1: {10: 1.0, 11: 4.5, 12: 3.0},
        2: {12: 5.0, 10: 2.0, 13: 1.0},
        3: {14: 4.0},
        4: {13: 0.5, 12: 2.5, 10: 3.5},
    }
    pairs = [(4, 2), (1, 2), (1, 3), (1, 2), (2, 99), (1, 4)]
    rows = [(user, *one) for user, own in given_ratings.items() for one in own.items()]
    ratings = spark.createDataFrame(rows, "user_id int, movie_id int, rating float")
    set_property("spark.sql.shuffle.partitions", partitions)
    found = collect_common_ratings(ratings.repartition(partitions, "movie_id"), pairs=pairs)
    assert found.n_pairs == len(pairs)
    assert rows_of(found) == [
        (place, movie, given_ratings[a][movie], given_ratings[b][movie])
        for place, (a, b) in enumerate(pairs)
        for movie in sorted(given_ratings[a].keys() & given_ratings.get(b, {}).keys())
    ]
    none = collect_common_ratings(ratings, pairs=[])
    assert (none.n_pairs, rows_of(none)) == (0, [])
