"""Statistics over pairs of users against brute force and published intervals."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.twins.pair_statistics import PairValues, cohens_d, compare_means, wilson_interval

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
def test_the_standard_error_sums_over_pairs_of_pairs_that_share_a_user(group):
    deviations = (group.values - group.values.mean()).tolist()
    with_users = list(zip(map(set, group.users.tolist()), deviations, strict=True))
    shared = sum(
        one * other
        for (users, one), (other_users, other) in itertools.product(with_users, repeat=2)
        if users & other_users
    )
    n = len(deviations)
    independent = sum(deviation**2 for deviation in deviations)
    wanted = max(shared, independent) / (n * (n - 1))
    # A square root enlarges the rounding error of 0.
    assert group.standard_error(group.values) ** 2 == pytest.approx(wanted, rel=1e-9, abs=1e-15)


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


def test_the_interval_of_the_mean_has_about_its_nominal_coverage():
    """Each user has an effect on all its pairs."""
    rng = np.random.default_rng(3)
    pairs = np.array(
        [(a, b) for a, b in itertools.combinations(range(60), 2) if rng.random() < 0.1]
    )
    right = 0
    for _ in range(400):
        effects = rng.normal(size=60)
        values = effects[pairs].sum(axis=1) + rng.normal(size=len(pairs))
        low, high = PairValues(pairs, values).describe()["mean_ci95"]
        right += low <= 0 <= high
    # An interval for independent pairs would cover the mean in six of ten draws.
    assert 0.85 < right / 400 <= 0.99


def test_a_permutation_test_counts_the_splits_that_differ_as_much():
    found = compare_means(disjoint([1, 1]), disjoint([0, 0]), resamples=6000, seed=1)
    assert found["difference"] == 1.0
    # Two of the six splits; Binomial(6000, 1/3) has a standard deviation of 0.006 as a share.
    assert found["p_value"] == pytest.approx(1 / 3, abs=0.03)


def test_groups_far_apart_have_the_smallest_possible_p_value():
    rng = np.random.default_rng(1)
    one, other = disjoint(rng.normal(1, 0.1, 50)), disjoint(rng.normal(0, 0.1, 60))
    found = compare_means(one, other, resamples=199, seed=1)
    assert found["p_value"] == 1 / 200
    error = math.hypot(plain_error(one.values), plain_error(other.values))
    difference = one.values.mean() - other.values.mean()
    assert found["difference"] == pytest.approx(difference, abs=1e-9)
    assert found["ci95"] == pytest.approx(
        [difference - 1.959964 * error, difference + 1.959964 * error], abs=1e-6
    )


def test_a_comparison_is_reproducible_for_a_seed():
    rng = np.random.default_rng(2)
    groups = disjoint(rng.normal(size=20)), disjoint(rng.normal(0.3, size=30))
    found = [compare_means(*groups, resamples=500, seed=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1]
    assert found[0]["p_value"] != found[2]["p_value"]
    del found[0]["p_value"], found[2]["p_value"]
    assert found[0] == found[2]


def test_equal_groups_have_a_p_value_of_one():
    values = [0.1, 0.2, 0.7]
    found = compare_means(disjoint(values), disjoint(values), resamples=200, seed=1)
    assert (found["difference"], found["p_value"], found["cohens_d"]) == (0, 1, 0)
    constant = compare_means(disjoint([0.3] * 4), disjoint([0.3] * 7), resamples=200, seed=1)
    assert constant == {"difference": 0, "ci95": [0, 0], "p_value": 1, "cohens_d": None}


def test_a_comparison_has_none_for_too_few_values():
    nothing = {"difference": None, "ci95": None, "p_value": None, "cohens_d": None}
    some = disjoint([0.5, 0.7])
    assert compare_means(disjoint([]), some, resamples=100, seed=1) == nothing
    assert compare_means(some, disjoint([]), resamples=100, seed=1) == nothing
    single = compare_means(disjoint([0.5]), some, resamples=100, seed=1)
    assert (single["difference"], single["ci95"], single["cohens_d"]) == (-0.1, None, None)
    assert 0 < single["p_value"] <= 1


def test_cohens_d_uses_the_pooled_standard_deviation():
    # Variances 1 and 4, of 3 and 2 values: pooled (2 · 1 + 1 · 8) / 3.
    one, other = np.array([1.0, 2.0, 3.0]), np.array([4.0, 8.0])
    assert cohens_d(one, other) == pytest.approx(-4 / math.sqrt(10 / 3), abs=1e-9)
    assert cohens_d(other, one) == -cohens_d(one, other)


def test_cohens_d_is_none_without_spread_or_with_a_single_value():
    flat, spread = np.array([0.1, 0.1, 0.1]), np.array([1.0, 2.0])
    assert cohens_d(flat, flat + 1) is None
    assert cohens_d(np.array([1.0]), spread) is None
    assert cohens_d(spread, np.array([1.0])) is None
    assert cohens_d(flat, spread) is not None


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson_intervals_equal_published_ones(successes, trials, low, high):
    assert wilson_interval(successes, trials) == pytest.approx([low, high], abs=6e-5)
