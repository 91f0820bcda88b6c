"""Which number of segments is taken, what the summary says of it, and what segments are worth.

Covers `movierec.config.segments`, `movierec.segments.summary`, `movierec.segments.worth`,
`movierec.segments.profiles`, `movierec.segments.drift`.
"""

import csv
import io

import numpy as np
import pytest

from movierec.config.segments import SegmentsConfig
from movierec.segments import summary
from movierec.segments.clustering import unit_rows
from movierec.segments.drift import match, measure_drift
from movierec.segments.profiles import Activity, profile_rows, typical_movies
from movierec.segments.selection import Size, choose, measure_size
from movierec.segments.traits import Trait
from movierec.segments.usefulness import Heldout
from movierec.segments.worth import measure_worth, user_map

CONFIG = SegmentsConfig(bootstraps=10, starts=3, shuffles=30)


def size(k, ari, ndcg=0.1, jaccard=0.9):
    centres = np.zeros((k, 1), np.float32)
    return Size(k, ari, jaccard, ndcg, np.zeros((1, 1), np.int16), centres)


def test_the_most_useful_of_the_stable_sizes_is_taken_or_else_the_most_stable_one():
    sizes = [size(2, 0.97, 0.18), size(3, 0.8, 0.2), size(4, 0.9, 0.2), size(8, 0.79, 0.3)]
    # stable as a whole, but not in all its parts
    in_parts = size(6, 0.85, 0.3, jaccard=0.74)
    assert choose([*sizes, in_parts], min_ari=0.8) == (sizes[1], True)
    unstable = [size(2, 0.5, 0.3), size(3, 0.6, 0.1), size(4, 0.6, 0.2)]
    assert choose(unstable, min_ari=0.8) == (unstable[1], False)
    alone = [size(1, 1.0)]
    assert choose(alone, min_ari=0.8) == (alone[0], False)


def taste_groups():
    """60 users of two tastes for 40 movies, and the points that show it."""
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1], 30).astype(np.int16)
    likely = np.where((np.arange(40) % 2)[None, :] == truth[:, None], 0.5, 0.05)
    drawn = rng.random((60, 40))
    user, movie = np.nonzero(drawn < 0.7 * likely)
    later_user, later_movie = np.nonzero((drawn >= 0.7 * likely) & (drawn < likely))
    liked = np.ones(len(user), bool)
    heldout = Heldout(60, 40, user, movie, liked, later_user, later_movie, 10)
    points, _ = unit_rows(np.eye(4)[truth] + 0.2 * rng.normal(size=(60, 4)))
    return truth, heldout, points


def test_a_size_is_measured_by_resamples_and_by_its_lists():
    truth, heldout, points = taste_groups()
    everybody = np.ones(60, bool)
    two, three = (
        measure_size(
            k, [points], points=points, clustered=everybody, heldout=heldout, config=CONFIG
        )
        for k in (2, 3)
    )
    assert (two.median_ari, two.least_jaccard) == (1, 1)
    assert three.median_ari < 0.9
    assert three.least_jaccard < 0.9
    assert two.ndcg == heldout.mean_ndcg(truth, n_segments=2, pseudo_likes=500)


def test_worth_is_measured_against_chance_and_a_rival():
    truth, heldout, _ = taste_groups()
    rival = np.random.default_rng(4).permutation(truth)
    options = {"n_segments": 2, "config": CONFIG}
    worth = measure_worth(truth, rival, heldout={"test": heldout}, **options)
    assert worth.lift["test"] > worth.shuffled_p99["test"] > worth.rival["lift"]["test"]
    assert worth.lift["test"] > 1.2
    for one in (0, 1):
        row = [int(((truth == one) & (rival == other)).sum()) for other in (0, 1)]
        assert worth.rival["transition"][one] == row
    same = measure_worth(truth, truth, heldout={"test": heldout}, **options)
    assert (same.rival["ari"], same.rival["lift"]) == (1, same.lift)


def test_the_map_shows_the_directions_of_largest_variance():
    rng = np.random.default_rng(1)
    points = (rng.normal(size=(200, 5)) * [0.1, 3, 0.1, 1, 0.1]).astype(np.float32)
    plane = user_map(points)
    assert abs(np.corrcoef(plane[:, 0], points[:, 1])[0, 1]) > 0.99
    assert abs(np.corrcoef(plane[:, 1], points[:, 3])[0, 1]) > 0.99
    assert user_map(points[:, :1]).shape == (200, 2)


def test_typical_movies_are_liked_by_many_and_more_than_by_others():
    ids = np.array([10, 20, 30, 40])
    counts = np.array([[50, 2, 30, 4], [60, 40, 1, 1]])
    chosen = typical_movies(ids, counts, counts.sum(axis=0), n_users=[60, 80], pseudo_likes=10)
    # 20 and 30 are liked by too few of segments 1 and 2; 40 by 4 of 60 users
    assert chosen == [[30, 40, 10], [20, 10]]


def profiles(stability=(0.9, 0.5), users=(300, 2)):
    traits = [
        Trait(segment=0, kind="genre", name="War", share=0.3, others_share=0.1, p_value=0.0),
        Trait(segment=0, kind="tag", name="slow", share=0.1, others_share=0.3, p_value=0.0),
    ]
    activity = {n: Activity(n_users, 10 * n_users, 9.0, 3.5) for n, n_users in enumerate(users, 1)}
    return profile_rows(
        names=["War", "average taste"],
        activity=activity | {None: Activity(8, 80, 10.0, 1.0)},
        n_clustered=[290, 2],
        stability=np.array(stability),
        traits=traits,
        typical=[[7], [8]],
        titles={7: "Seven (1995)"},
    )


def test_a_profile_has_its_shares_of_all_users_and_ratings():
    first, second = profiles()
    assert first["user_share"] == pytest.approx(300 / 310)
    assert first["rating_share"] == pytest.approx(3000 / 3100)
    assert (first["likes_more"], first["likes_less"]) == (["War"], ["slow"])
    assert (first["trust"], second["trust"]) == ("stable", "do not trust")
    assert (first["titles"], second["titles"]) == (["Seven (1995)"], ["movie 8"])


def test_what_must_be_said_is_said_in_every_output():
    rows = profiles()
    warnings = summary.cautions(rows, stable=False, median_ari=0.55, min_ari=0.8)
    assert [one.split(":")[0] for one in warnings] == [
        "no stable segmentation was found",
        "do not trust segment 2",
        "less than 1% of the users are in segment 2",
    ]
    table = [*csv.DictReader(io.StringIO(summary.segments_csv(rows, warnings=warnings)))]
    assert [row["name"] for row in table] == ["War", "average taste"]
    assert all("no stable segmentation" in row["note"] for row in table)
    truth, heldout, _ = taste_groups()
    found = summary.segments_summary(
        [size(2, 0.55)],
        chosen=size(2, 0.55),
        stable=False,
        profiles=rows,
        unassigned=8,
        traits=[],
        worth=measure_worth(truth, truth, heldout={"test": heldout}, n_segments=2, config=CONFIG),
        warnings=warnings,
    )
    assert (found["sizes"], found["unassigned"], found["traits_held"]) == ([300, 2], 8, None)
    shown = summary.segments_table(found)
    assert "no stable segmentation" in shown
    assert "do not trust" in shown
    fine = profiles((0.9, 0.8), (300, 20))
    assert summary.cautions(fine, stable=True, median_ari=0.9, min_ari=0.8) == []


def test_segments_of_two_runs_are_matched_by_their_common_users():
    # 10 is the largest, so the first row gets what is left to it
    assert match(np.array([[1, 9, 0], [8, 10, 0], [0, 0, 0]])).tolist() == [0, 1, -1]


def test_drift_is_that_of_matched_sizes():
    one = np.repeat([0, 1, 2], [60, 30, 10])  # 2: no segment
    swapped = np.array([1, 0, 2])[one]
    sizes = np.bincount(one)
    same = measure_drift(sizes, sizes[[1, 0, 2]], common=(one, swapped))
    assert (same.psi, same.matched.tolist()) == (0, [1, 0])
    assert same.transition.tolist() == [[0, 60, 0], [30, 0, 0], [0, 0, 10]]
    moved = swapped.copy()
    moved[:20] = 0
    other = measure_drift(sizes, np.bincount(moved), common=(one, moved))
    p, q = np.array([0.6, 0.3, 0.1]), np.array([0.4, 0.5, 0.1])
    assert other.psi == pytest.approx(((p - q) * np.log(p / q)).sum())
    gone = measure_drift(sizes, np.array([90, 10]), common=(one, np.minimum(one // 2, 1)))
    assert gone.matched.tolist() == [0, -1]
    assert gone.psi > 0.25
