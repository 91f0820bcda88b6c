"""Random numbers from a seed and a key."""

import numpy as np

from movierec.data.hashing import mix64, random_bits


def test_mix64_is_the_finaliser_of_splitmix64():
    # The first outputs of the reference generator seeded with 0: mix64(1·step), mix64(2·step).
    step = 0x9E3779B97F4A7C15
    states = np.array([step, 2 * step % 2**64], np.uint64)
    assert [hex(value) for value in mix64(states)] == ["0xe220a8397b1dcdaf", "0x6e789e6aa1b965f4"]


def test_a_larger_count_starts_with_the_same_numbers_and_keys_differ():
    few, many = random_bits(5, [1, 2], 3), random_bits(5, [1, 2], 10)
    np.testing.assert_array_equal(many[:, :3], few)
    assert len(np.unique(many)) == 20
