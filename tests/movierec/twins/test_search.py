"""Both searches find the twins, and the recall of LSH is measured."""

from dataclasses import replace

import pytest

from movierec.config.twins import LshConfig
from movierec.data.sampling import sample_users
from movierec.twins.lsh_recall import collect_lsh_recall
from movierec.twins.movie_sets import movie_sets
from movierec.twins.pair_statistics import wilson_interval
from movierec.twins.search import find_exact_twins, find_twins
from movierec.twins.top_pairs import TopPairs
from tests.support import reference
from tests.support.confs import tiny_conf
from tests.support.movie_lists import overlapping_users, rated

N_USERS, N_PAIRS = 120, 40
USERS = overlapping_users(N_USERS, seed=5)


def config(**fields):
    twins = tiny_conf("w", "a", twins__pairs=N_PAIRS, twins__min_movies=5).twins
    return replace(twins, thresholds=(0.6, 0.3, 0.1), **fields)


def lsh(**fields):
    return replace(
        LshConfig(hashes=256, rows=None, bands=None, miss_probability=1e-6, seed=1), **fields
    )


@pytest.fixture(scope="module")
def ratings(spark):
    return rated(spark, USERS).persist()


@pytest.fixture(scope="module")
def sets(ratings):
    return movie_sets(ratings, min_movies=5, keep_users=N_PAIRS + 1).persist()


@pytest.fixture
def recall_of(ratings, sets):
    """Measure the recall of a list, which is empty unless one is given."""

    def measure(config, *, found=EMPTY, n_users=N_USERS):
        return collect_lsh_recall(ratings, sets=sets, found=found, n_users=n_users, config=config)

    return measure


EMPTY = TopPairs((), 0.1, 0, 0, 0)
EXPECTED = reference.twins(USERS, N_PAIRS)


def test_lsh_and_the_exact_search_find_the_twins_of_brute_force(sets):
    for method in ("minhash_lsh", "exact"):
        top, rounds = find_twins(sets, config(method=method, lsh=lsh()))
        assert [tuple(pair) for pair in top.pairs] == EXPECTED
        assert rounds[-1]["threshold"] == top.threshold
        assert ("bands" in rounds[0]) == (method == "minhash_lsh")


def test_the_banding_follows_from_the_threshold_unless_it_is_given(sets):
    _, derived = find_twins(sets, config(lsh=lsh()))
    assert derived[0]["miss_probability"] <= 1e-6
    assert derived[0]["rows"] * derived[0]["bands"] <= 256
    _, given = find_twins(sets, config(lsh=lsh(rows=2, bands=3)))
    assert (given[0]["rows"], given[0]["bands"]) == (2, 3)


def test_a_careless_banding_misses_twins_and_the_recall_shows_it(sets, recall_of):
    careless = config(lsh=lsh(rows=8, bands=1))
    top, _ = find_twins(sets, careless)
    found = {tuple(pair) for pair in top.pairs}
    share = len(found & set(EXPECTED)) / N_PAIRS
    assert 0 < share < 1
    searched = {pair for pair in EXPECTED if pair[2] < 1.0}
    assert recall_of(careless, found=top) == {
        "lsh_recall": len(found & searched) / len(searched),
        "lsh_recall_ci95": None,
        "share_right": share,
        "proof_users": len(USERS),
    }
    # LSH is not credited with identical sets, which are found without it
    identical = tuple(pair for pair in top.pairs if pair.jaccard == 1.0)
    few = replace(careless, pairs=len(identical))
    recall = recall_of(few, found=replace(top, pairs=identical))
    assert len(identical) == 20
    assert (recall["lsh_recall"], recall["share_right"]) == (None, 1.0)


def test_the_recall_on_a_sample_of_users_has_an_interval(ratings, recall_of):
    sampled = config(lsh=lsh(), proof_users=60)
    recall = recall_of(sampled)
    assert recall["lsh_recall"] == 1.0
    drawn = ratings.transform(sample_users, fraction=60 / len(USERS), seed=sampled.seed)
    users = {row.user_id for row in drawn.select("user_id").distinct().collect()}
    true = reference.twins({user: USERS[user] for user in users}, N_PAIRS)
    n_searched = sum(pair[2] < 1.0 for pair in true)
    assert recall["lsh_recall_ci95"] == wilson_interval(n_searched, n_searched)
    assert recall["proof_users"] == sum(len(USERS[user]) >= 5 for user in users) != 60


def test_a_sample_without_a_pair_has_no_recall_and_an_exact_search_needs_none(recall_of):
    recall = recall_of(config(lsh=lsh(), proof_users=2), n_users=1_000_000)
    assert recall.pop("proof_users") == 0
    assert set(recall.values()) == {None}
    assert set(recall_of(config(method="exact")).values()) == {None}


def test_the_exact_search_corrects_a_list_that_is_wrong_or_too_short(sets):
    worst, _ = find_twins(sets, replace(config(method="exact"), pairs=2 * N_PAIRS))
    wrong = replace(worst, pairs=worst.pairs[N_PAIRS:])
    true = find_exact_twins(sets, config(), known=wrong)
    assert [tuple(pair) for pair in true.pairs] == EXPECTED
    assert true.threshold == wrong.pairs[-1].jaccard
    assert not set(wrong.pairs) & set(true.pairs)
    true = find_exact_twins(sets, config(), known=EMPTY)
    assert [tuple(pair) for pair in true.pairs] == EXPECTED
