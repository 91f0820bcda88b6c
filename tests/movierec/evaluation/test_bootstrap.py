"""The bootstrap against the normal approximation, and its reproducibility."""

import numpy as np
import pytest

from movierec.evaluation import bootstrap
from movierec.evaluation.bootstrap import collect_bootstrap, most_partitions, users_per_block


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(1)
    worse = rng.beta(1, 6, size=500)
    better = np.clip(worse + rng.normal(0.02, 0.05, size=500), 0, 1)
    return worse, better


def boot(spark, sample, partitions=1, seed=1, resamples=2000):
    rows = [(user, float(a), float(b)) for user, (a, b) in enumerate(zip(*sample, strict=True))]
    values = spark.createDataFrame(rows, "user_id int, worse double, better double")
    return collect_bootstrap(values.repartition(partitions), resamples=resamples, seed=seed)


def test_means_and_intervals_agree_with_the_normal_approximation(spark, sample):
    worse, better = sample
    found = boot(spark, sample)
    assert found.users == 500
    assert found.means == pytest.approx([worse.mean(), better.mean()], abs=1e-8)
    error = 1.96 * worse.std() / np.sqrt(500)
    assert found.interval("worse") == pytest.approx(
        (worse.mean() - error, worse.mean() + error), rel=0.03
    )
    # an interval of 90 % would be 16 % shorter
    low, high = found.interval("worse")
    assert high - low == pytest.approx(2 * error, rel=0.08)


def test_resamples_without_a_user_are_left_out(spark):
    found = boot(spark, ([0.5, 0.7, 0.6], [0.6, 0.8, 0.7]))
    # one resample in e^3 is empty
    assert len(found.resampled) == pytest.approx(2000 * (1 - np.exp(-3)), abs=30)
    assert found.interval("worse") == [0.5, 0.7]
    assert found.difference("better", "worse")["ci95"] == pytest.approx([0.1, 0.1])


def test_differences_are_paired(spark, sample):
    worse, better = sample
    found = boot(spark, sample).difference("better", "worse")
    difference = better - worse
    error = 1.96 * difference.std() / np.sqrt(500)
    assert found["difference"] == pytest.approx(difference.mean(), abs=1e-8)
    assert found["ci95"] == pytest.approx(
        (difference.mean() - error, difference.mean() + error), rel=0.1
    )
    # Unpaired, the interval would be several times wider.
    low, high = found["ci95"]
    assert high - low < 0.5 * 2 * 1.96 * worse.std() / np.sqrt(500)
    assert found["p_value"] == pytest.approx(2 / 2001)


def test_the_p_value_of_no_effect_is_not_small(spark):
    """Both columns hold the same values, of other users."""
    values = np.random.default_rng(3).uniform(size=300)
    found = boot(spark, (values, values[::-1]), resamples=500)
    assert found.difference("better", "worse")["p_value"] > 0.5


def test_the_result_is_identical_at_any_partitioning_and_block_size(spark, sample, monkeypatch):
    one, other = (boot(spark, sample, seed=seed, resamples=100).resampled for seed in (1, 2))
    assert (one != other).all()
    monkeypatch.setattr(bootstrap, "_DRAWS_PER_BLOCK", 700)
    assert users_per_block(100) == 6
    for partitions in (1, 8):
        again = boot(spark, sample, partitions, resamples=100)
        np.testing.assert_array_equal(again.resampled, one)


@pytest.mark.parametrize(
    ("resamples", "users", "partitions"), [(1000, 2095, 1596), (100_000, 20, 15), (1 << 30, 1, 1)]
)
def test_the_draws_of_a_block_and_the_sums_that_reach_the_driver_are_bounded(
    resamples, users, partitions
):
    """Spark's limit is a gibibyte."""
    assert users_per_block(resamples) == users
    assert most_partitions(resamples, n_columns=20) == partitions


def test_no_users_is_an_error(spark):
    values = spark.createDataFrame([], "user_id int, worse double")
    with pytest.raises(ValueError, match="no user to resample"):
        collect_bootstrap(values, resamples=100, seed=1)
