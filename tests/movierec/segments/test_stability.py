"""Agreement of partitions, against counting every pair of users."""

from itertools import combinations

import numpy as np
import pytest

from movierec.segments.clustering import unit_rows
from movierec.segments.stability import best_jaccards, bootstrap_labels, pairwise_rand


def rand_by_pairs(one, other):
    """The adjusted Rand index by its definition."""
    pairs = [*combinations(range(len(one)), 2)]
    together = [{pair for pair in pairs if ls[pair[0]] == ls[pair[1]]} for ls in (one, other)]
    both, a, b = len(together[0] & together[1]), len(together[0]), len(together[1])
    expected = a * b / len(pairs)
    return (both - expected) / ((a + b) / 2 - expected)


def test_the_rand_index_is_that_of_every_pair_of_users():
    labels = np.random.default_rng(1).integers(0, 4, size=(5, 30)).astype(np.int16)
    labels[1] = labels[0]
    labels[1, :5] = 3
    expected = [rand_by_pairs(one, other) for one, other in combinations(labels.tolist(), 2)]
    assert pairwise_rand(labels).tolist() == pytest.approx(expected)


def test_equal_partitions_agree_whatever_their_numbers():
    labels = np.array([[0, 0, 1, 1, 2], [2, 2, 0, 0, 1], [0, 0, 0, 0, 0]], np.int16)
    assert pairwise_rand(labels).tolist() == [1, 0, 0]
    assert pairwise_rand(labels[[2, 2]]).tolist() == [1]


def test_the_best_jaccard_is_that_of_sets():
    rng = np.random.default_rng(2)
    segments = np.array([0, 0, 0, 1, 1, 1, 2, 2, -1, -1], np.int16)
    bootstraps = rng.integers(0, 3, size=(7, 10)).astype(np.int16)
    inside = range(8)
    expected = []
    for segment in range(3):
        own = {user for user in inside if segments[user] == segment}
        best = []
        for labels in bootstraps:
            others = [{user for user in inside if labels[user] == one} for one in range(3)]
            best.append(max(len(own & other) / len(own | other) for other in others))
        expected.append(np.mean(best))
    assert best_jaccards(segments, bootstraps, k=4).tolist() == pytest.approx([*expected, 0])


def blobs(spread):
    centres = np.repeat(np.eye(6)[:3], 40, axis=0)
    return unit_rows(centres + spread * np.random.default_rng(1).normal(size=(120, 6)))[0]


@pytest.mark.parametrize(("spread", "low", "high"), [(0.1, 0.99, 1), (5, 0, 0.6)])
def test_bootstraps_agree_if_there_are_groups_and_only_then(spread, low, high):
    points = blobs(spread)
    labels = bootstrap_labels(
        [points, points], 3, bootstraps=20, starts=3, rng=np.random.default_rng(1)
    )
    assert low <= np.median(pairwise_rand(labels)) <= high


def test_bootstraps_take_turns_with_the_fits():
    """The second fit has the groups of other users, so only every other bootstrap agrees."""
    points = blobs(0.05)
    other = points[np.random.default_rng(3).permutation(120)]
    labels = bootstrap_labels(
        [points, other], 3, bootstraps=4, starts=3, rng=np.random.default_rng(1)
    )
    agree = pairwise_rand(labels) > 0.9
    assert agree.tolist() == [False, True, False, False, True, False]
