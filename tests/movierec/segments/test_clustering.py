"""Spherical k-means against its definition, and the spaces that it works in.

Covers `movierec.segments.space`.
"""

import numpy as np
import pytest

from movierec.segments import space
from movierec.segments.clustering import cluster, cluster_batch, nearest_centres, refine, unit_rows


def rng(seed=1):
    return np.random.default_rng(seed)


def directions(n, rank=6, seed=1):
    return unit_rows(rng(seed).normal(size=(n, rank)))[0]


def groups(sizes=(60, 40, 30), spread=0.15):
    """Points around directions at right angles, and which direction each is of."""
    truth = np.repeat(np.arange(len(sizes)), sizes)
    points = np.eye(6)[truth] + spread * rng().normal(size=(len(truth), 6))
    return unit_rows(points)[0], truth


def test_rows_get_the_length_1_but_those_without_a_direction_stay_0():
    rows, known = unit_rows([[3.0, 4.0], [0.0, 0.0], [0.0, -2.0]])
    assert rows.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0], [0, -1]]
    assert known.tolist() == [True, False, True]


def test_groups_are_found_and_numbered_by_size():
    points, truth = groups()
    order = rng().permutation(len(points))
    found = cluster(points[order], 3, starts=3, rng=rng())
    assert found.labels.tolist() == truth[order].tolist()


def test_every_point_is_at_its_nearest_centre_which_is_the_mean_direction():
    points = directions(300)
    found = cluster(points, 5, starts=4, rng=rng())
    cosines = points.astype(float) @ found.centres.T.astype(float)
    assert found.labels.tolist() == cosines.argmax(axis=1).tolist()
    for number in range(5):
        mean = points[found.labels == number].astype(float).sum(axis=0)
        assert found.centres[number] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
    assert found.cost == pytest.approx((1 - cosines.max(axis=1)).sum(), abs=1e-3)


def test_the_cheapest_start_is_kept():
    points = directions(300)
    _, costs = cluster_batch(points, np.ones((8, 300), np.float32), 6, rng=rng())
    assert costs.std() > 0
    assert cluster(points, 6, starts=8, rng=rng()).cost == costs.min()


def test_centres_of_a_sample_lead_to_the_segments_of_all():
    points, truth = groups((200, 150, 100))
    some = cluster(points[::7], 3, starts=3, rng=rng())
    assert refine(points, some.centres).labels.tolist() == truth.tolist()
    found = cluster(points, 3, starts=3, rng=rng())
    same = refine(points, found.centres)
    assert same.labels.tolist() == found.labels.tolist()
    assert same.cost == pytest.approx(found.cost)


def test_a_weight_counts_as_that_many_points():
    points, _ = groups(spread=0.5)
    weights = rng(3).integers(0, 3, size=(1, len(points))).astype(np.float32)
    centres, costs = cluster_batch(points, weights, 3, rng=rng(7))
    repeated = np.repeat(points, weights[0].astype(int), axis=0)
    labels, cosines = nearest_centres(repeated, centres[0])
    assert costs[0] == pytest.approx((1 - cosines).sum(), abs=1e-3)
    for number in range(3):
        mean = repeated[labels == number].sum(axis=0)
        assert centres[0, number] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)


def test_an_empty_cluster_gets_the_farthest_point():
    """Eight of nine starts are at one direction; the ninth is alone on the other side."""
    points = unit_rows([[1, 0.0]] * 8 + [[-1, 0.0]])[0]
    centres, costs = cluster_batch(points, np.ones((20, 9), np.float32), 2, rng=rng())
    assert costs == pytest.approx(np.zeros(20), abs=1e-6)
    assert (np.sort(centres[:, :, 0], axis=1) == [-1, 1]).all()


def test_there_are_no_more_segments_than_directions():
    points = unit_rows([[1, 0.0]] * 5 + [[0.0, 1]] * 3)[0]
    found = cluster(points, 4, starts=2, rng=rng())
    assert found.labels.tolist() == [0] * 5 + [1] * 3
    assert len(found.centres) == 2


def test_blocks_change_nothing(monkeypatch):
    points = directions(500)
    whole = cluster(points, 4, starts=2, rng=rng())
    monkeypatch.setattr("movierec.segments.clustering._CELLS_PER_BLOCK", 640)
    assert cluster(points, 4, starts=2, rng=rng()).labels.tolist() == whole.labels.tolist()


# --- space ----------------------------------------------------------------------------------------


@pytest.fixture
def fit():
    """Factors of 200 users and 300 movies, of two groups that differ in one direction."""
    users = rng(1).normal(size=(200, 4)) + 2 * np.eye(4)[0]
    users[:80, 1] += 4
    return users, rng(2).normal(size=(300, 4)) * [1, 0.5, 0.2, 0.1]


EVERYBODY = np.ones(200, bool)


def cosines(rows):
    rows = rows / np.linalg.norm(rows, axis=1)[:, None]
    return rows @ rows.T


@pytest.mark.parametrize("name", ["factors", "scores", "likeness"])
def test_points_have_the_cosines_of_factors_or_scores_or_of_likeness_to_everybody(fit, name):
    users, movies = fit
    scores = users @ movies.T
    wanted = {"factors": users, "scores": scores, "likeness": cosines(scores)}
    points = space.points_of(users, space.space_matrix(*fit, space=name, of=EVERYBODY))
    assert points @ points.T == pytest.approx(cosines(wanted[name]), abs=1e-5)


def test_a_direction_assigns_in_the_space_of_the_factors(fit):
    users, _ = fit
    matrix = space.space_matrix(*fit, space="likeness", of=EVERYBODY)
    points = space.points_of(users, matrix)
    found = cluster(points, 3, starts=5, rng=rng())
    towards = space.directions(found.centres, matrix)
    assert space.assign(users, towards).tolist() == found.labels.tolist()
    assert space.assign(1000 * users, towards).tolist() == found.labels.tolist()
    assert space.assign(np.zeros((1, 4)), towards).tolist() == [-1]
