"""Statistics over pairs of users against brute force and published intervals."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.twins.pair_statistics import (
    Estimate,
    PairValues,
    cohens_d,
    compare_means,
    t_p_value,
    t_quantile,
    wilson_interval,
)

ALL_PAIRS = list(itertools.combinations(range(7), 2))


@st.composite
def sharing_pairs(draw):
    """Different pairs of few users, so that most share one."""
    pairs = draw(st.lists(st.sampled_from(ALL_PAIRS), min_size=2, max_size=15, unique=True))
    number = st.floats(-1, 1).map(lambda value: round(value, 3))
    values = draw(st.lists(number, min_size=len(pairs), max_size=len(pairs)))
    return PairValues(np.array(pairs, np.int64), np.array(values))


def disjoint(values):
    """Pairs of which no two share a user."""
    return PairValues(np.arange(2 * len(values)).reshape(-1, 2), np.array(values, np.float64))


def plain_error(values):
    return float(np.std(values, ddof=1) / math.sqrt(len(values)))


@settings(max_examples=200, deadline=None)
@given(sharing_pairs())
def test_the_variance_is_that_of_leaving_out_each_user(group):
    found = group.estimate()
    n, mean = len(group.values), group.values.mean()
    counts = [(group.users == user).any(axis=1).sum() for user in np.unique(group.users)]
    degrees = 2 * n**2 / sum(int(count) ** 2 for count in counts) - 1
    if degrees < 1 or max(counts) == n or np.ptp(group.values) == 0:
        assert found.variance is found.interval() is found.p_value() is None
        return
    users = sum(
        (group.values[(group.users != user).all(axis=1)].mean() - mean) ** 2
        for user in np.unique(group.users)
    )
    single = sum((np.delete(group.values, place).mean() - mean) ** 2 for place in range(n))
    assert found.degrees == pytest.approx(degrees)
    assert found.variance == pytest.approx(max(users - single, single))


def test_undefined_values_are_left_out_with_their_users():
    users = np.array([(1, 2), (3, 4), (5, 6)])
    kept = PairValues.defined(users, np.array([0.5, np.nan, -0.5]))
    assert kept.users.tolist() == [[1, 2], [5, 6]]
    assert kept.values.tolist() == [0.5, -0.5]
    none = PairValues.defined(np.array([], np.int64), np.array([]))
    assert none.users.shape == (0, 2)


def test_a_description_has_none_for_too_few_values():
    nothing = {"mean": None, "mean_ci95": None, "median": None, "median_ci95": None}
    assert disjoint([]).describe() == nothing
    assert disjoint([0.25]).describe() == {**nothing, "mean": 0.25, "median": 0.25}


def test_the_interval_of_the_median_has_order_statistics_as_its_ends():
    values = np.arange(1, 10_001) / 10_000
    found = disjoint(np.random.default_rng(1).permutation(values)).describe()
    assert found["median"] == 0.50005
    # 1.96 · sqrt(0.25 / 10000) = 0.0098 on each side.
    assert found["median_ci95"] == pytest.approx([0.4902, 0.5098], abs=1e-3)


def test_a_difference_is_tested_by_welch_s_t():
    one, other = disjoint([0.1, 0.5, 0.3, 0.9]), disjoint([0.2, -0.4, 0.1])
    usual = [
        Estimate(float(group.values.mean()), plain_error(group.values) ** 2, len(group.values) - 1)
        for group in (one, other)
    ]
    difference = usual[0].minus(usual[1])
    # by Welch's formulas
    assert difference.degrees == pytest.approx(4.615066)
    assert difference.p_value() == pytest.approx(t_p_value(1.916374, 4.615066), abs=1e-6)
    found = compare_means(one, other)
    assert found["difference"] == pytest.approx(0.45 + 0.1 / 3)
    assert found["ci95"][0] < 0 < found["ci95"][1]
    assert found["p_value"] > difference.p_value()


@pytest.mark.parametrize(
    ("t", "degrees", "p"),
    # of tables: two-sided 5 % and 1 %
    [(12.706, 1, 0.05), (2.571, 5, 0.05), (3.169, 10, 0.01), (2.0, 60, 0.05), (1.96, 1e6, 0.05)],
)
def test_student_s_t_is_that_of_tables(t, degrees, p):
    assert t_p_value(t, degrees) == pytest.approx(p, abs=1e-4)
    assert t_p_value(-t, degrees) == t_p_value(t, degrees)
    if p == 0.05:
        assert t_quantile(degrees) == pytest.approx(t, abs=2e-3)


def test_a_comparison_has_none_for_too_few_values_and_without_spread():
    nothing = {"difference": None, "ci95": None, "p_value": None, "cohens_d": None}
    some = disjoint([0.5, 0.7])
    assert compare_means(disjoint([]), some) == nothing
    assert compare_means(some, disjoint([])) == nothing
    assert compare_means(disjoint([0.5]), some) == nothing | {"difference": -0.1}
    assert compare_means(disjoint([0.3] * 4), disjoint([0.3] * 7)) == nothing | {"difference": 0}


def test_cohens_d_uses_the_pooled_standard_deviation_and_is_none_without_one():
    # Variances 1 and 4, of 3 and 2 values: pooled (2 · 1 + 1 · 8) / 3.
    one, other = np.array([1.0, 2.0, 3.0]), np.array([4.0, 8.0])
    assert cohens_d(one, other) == pytest.approx(-4 / math.sqrt(10 / 3), abs=1e-9)
    assert cohens_d(other, one) == -cohens_d(one, other)
    flat, single = np.array([0.1, 0.1, 0.1]), np.array([1.0])
    assert cohens_d(flat, flat + 1) is cohens_d(single, one) is cohens_d(one, single) is None
    assert cohens_d(flat, one) is not None


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0)],
)
def test_wilson_intervals_equal_published_ones(successes, trials, low, high):
    assert wilson_interval(successes, trials) == pytest.approx([low, high], abs=6e-5)
