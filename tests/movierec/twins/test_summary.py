"""The results of the twins: the section of the summary, the CSV, the lines on a terminal."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from movierec.twins.analysis import TwinAnalysis
from movierec.twins.correlation import CommonRatings, agreement
from movierec.twins.movie_sets import Population
from movierec.twins.pair_groups import GroupAgreement, PairGroups
from movierec.twins.summary import random_pair_rows, twin_rows, twin_table, twins_csv, twins_summary
from movierec.twins.top_pairs import TopPairs, TwinPair
from tests.support.confs import tiny_conf

CONFIG = tiny_conf("w", "a", twins__min_common=3, twins__pairs=3).twins
PAIRS = (TwinPair(1, 2, 1.0, 20, 20), TwinPair(1, 5, 0.6, 6, 10), TwinPair(3, 4, 0.5, 2, 4))
STRANGERS = {
    "twins_mean": 0.5,
    "strangers_mean": 0.125,
    "lead": 0.5,
    "lead_ci95": [0.25, 0.75],
    "p_value": 0.02,
    "undefined": 1,
    "movies_without_stranger": 0,
}


def common_of(ratings):
    """Ratings [(a, b), …] of each pair."""
    pairs = np.array([n for n, own in enumerate(ratings) for _ in own], np.int64)
    flat = np.array([both for own in ratings for both in own], np.float64).reshape(-1, 2)
    return CommonRatings(len(ratings), pairs, np.arange(len(pairs)), flat[:, 0], flat[:, 1])


@pytest.fixture
def measured():
    same = [(1 + n % 5, 1 + n % 5) for n in range(20)]
    twins = common_of([same, [(1, 2), (2, 1), (3, 4), (4, 4), (5, 5), (1, 1)], [(1, 1), (5, 5)]])
    random = common_of([[(1, 5), (2, 4), (3, 3), (4, 3)], [(2, 1), (2, 5), (2, 3)]])
    groups = PairGroups(20, 7, TopPairs(PAIRS, 0.5, 4, 2, 1), [(1, 6), (2, 7)])
    return GroupAgreement(
        groups, twins, agreement(twins, min_common=3), agreement(random, min_common=3)
    )


@pytest.fixture
def analysis(measured):
    titles = [["Heat (1995)", 'A "B", C', "D"], ["Heat (1995)"], []]
    return TwinAnalysis(measured, [measured], STRANGERS, titles)


@pytest.fixture
def summary(analysis):
    return twins_summary(
        analysis,
        population=Population(7, 6, 2, 1),
        rounds=[{"threshold": 0.5, "rows": 2}],
        recall={"lsh_recall": 1.0, "lsh_recall_ci95": None, "share_right": 1.0, "proof_users": 7},
        config=CONFIG,
    )


def test_the_section_has_the_documented_keys(summary):
    assert summary["pairs"] == 3
    assert (summary["min_jaccard"], summary["max_jaccard"]) == (0.5, 1.0)
    assert summary["lsh_recall"] == 1.0
    assert (summary["users"], summary["identical_pairs"]) == (7, 1)
    assert (summary["tied_at_cut"], summary["tied_at_cut_and_listed"]) == (2, 1)
    assert summary["mean_correlation"] == summary["pearson"]["twins"]["mean"]
    assert summary["random_mean_correlation"] == summary["pearson"]["random"]["mean"]
    assert summary["p_value"] == summary["pearson"]["p_value"]
    assert summary["strangers"] == STRANGERS
    assert summary["curve"][0]["min_movies"] == 20
    assert summary["curve"][0]["twins"] == summary["pearson"]["twins"]
    assert summary["search"] == [{"threshold": 0.5, "rows": 2}]
    json.dumps(summary, allow_nan=False)


def test_undefined_correlations_are_left_out_of_both_groups_and_counted(summary):
    twins, random = summary["pearson"]["twins"], summary["pearson"]["random"]
    assert (twins["pairs"], twins["defined"], twins["undefined_too_few_common"]) == (3, 2, 1)
    assert (random["pairs"], random["defined"], random["undefined_constant_rater"]) == (2, 1, 1)
    second = np.corrcoef([1, 2, 3, 4, 5, 1], [2, 1, 4, 4, 5, 1])[0, 1]
    assert twins["mean"] == pytest.approx((1 + second) / 2)
    assert random["mean"] == pytest.approx(np.corrcoef([1, 2, 3, 4], [5, 4, 3, 3])[0, 1])


def test_duplicate_accounts_are_flagged_and_reported_separately(measured, summary):
    assert measured.duplicates(CONFIG.duplicates) == [True, False, False]
    assert (summary["duplicates"]["pairs"], summary["duplicates"]["ranks"]) == (1, [1])
    second = np.corrcoef([1, 2, 3, 4, 5, 1], [2, 1, 4, 4, 5, 1])[0, 1]
    assert summary["duplicates"]["mean_without"] == pytest.approx(second)


@pytest.mark.parametrize(
    ("change", "flagged"),
    [
        ({"common": 21}, [False, False, False]),
        ({"common": 1, "equal_ratings": 0.1}, [True, False, False]),
        ({"common": 1, "jaccard": 0.5}, [True, False, True]),
    ],
)
def test_a_duplicate_must_meet_all_three_thresholds(measured, change, flagged):
    assert measured.duplicates(replace(CONFIG.duplicates, **change)) == flagged


def test_rows_have_nothing_for_an_undefined_correlation_and_the_csv_can_be_read_back(analysis):
    text = twins_csv(twin_rows(analysis, config=CONFIG))
    rows = list(csv.DictReader(io.StringIO(text)))
    names = "rank user_a user_b jaccard common union correlation duplicate title_1 title_2 title_3"
    assert list(rows[0]) == names.split()
    assert list(rows[0].values()) == [
        *("1", "1", "2", "1.0", "20", "20", "1.0", "true"),
        *("Heat (1995)", 'A "B", C', "D"),
    ]
    # an undefined correlation and missing titles are empty
    assert list(rows[2].values())[6:] == ["", "false", "", "", ""]
    random = random_pair_rows(analysis)
    assert random[1] == (2, 7, 3, None, None)
    assert random[0][:3] == (1, 6, 4)


def test_the_terminal_shows_twins_random_pairs_and_strangers(summary):
    lines = twin_table(summary).splitlines()
    assert lines[0] == (
        "twins: 3 pairs of 7 users, Jaccard 0.500 to 1.000, by LSH, which found 100.0% of the "
        "true pairs with different movies (on 7 users); 1 look like duplicate accounts"
    )
    assert lines[1].startswith("  twins     mean correlation +0.9")
    assert lines[2].endswith("defined for 1 of 2 pairs")
    assert lines[3] == (
        "  strangers mean correlation +0.125 on the same movies; the twins' lead is "
        "+0.500 [+0.250, +0.750]"
    )
    assert lines[4].endswith("strangers 0.020")


@pytest.mark.parametrize(
    ("change", "wording"),
    [
        ({"lsh_recall": None}, "LSH, recall unknown: no true pair has different movies; "),
        ({"lsh_recall": None, "method": "exact", "proof_users": None}, "exact search; "),
    ],
)
def test_the_terminal_names_the_search_and_its_recall(summary, change, wording):
    assert f", by {wording}" in twin_table(summary | change).splitlines()[0]
