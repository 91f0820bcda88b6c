"""Sets that reach the threshold share a movie of their prefixes: checked on every pair."""

from collections import defaultdict

import pytest

from movierec.twins.movie_sets import movie_sets
from movierec.twins.prefix_filter import prefixes
from tests.support.movie_lists import overlapping_users, rated


@pytest.fixture(scope="module")
def sets(spark):
    users = overlapping_users(150, seed=3) | overlapping_users(40, seed=4, sizes=(1, 6))
    users |= {1000 + n: set(range(1, 2 * n)) for n in range(1, 30)}
    return movie_sets(rated(spark, users), min_movies=1, keep_users=1).persist()


@pytest.mark.parametrize("threshold", [1.0, 0.9, 0.7, 2 / 3, 0.5, 0.3, 0.05])
def test_every_pair_that_reaches_the_threshold_shares_a_block_that_the_smaller_leads(
    sets, threshold
):
    own = {row["set_id"]: (row["size"], set(row["movies"])) for row in sets.collect()}
    blocks, leading = defaultdict(set), defaultdict(set)
    for row in prefixes(sets, threshold=threshold).collect():
        blocks[row["set_id"]].add(row["block"])
        if row["leads"]:
            leading[row["set_id"]].add(row["block"])
    reached = 0
    in_order = sorted(own, key=lambda one: (own[one][0], one))
    for n, a in enumerate(in_order):
        for b in in_order[n + 1 :]:
            common = len(own[a][1] & own[b][1])
            if common / (own[a][0] + own[b][0] - common) >= threshold:
                reached += 1
                assert leading[a] & blocks[b], (own[a], own[b])
    # equal sets are one set, so no pair has a similarity of 1
    assert reached > 20 or threshold == 1.0


def test_a_high_threshold_makes_short_prefixes_of_the_rarest_movies(sets):
    sizes = {row["set_id"]: (row["size"], row["movies"]) for row in sets.collect()}
    rows = defaultdict(list)
    for row in prefixes(sets, threshold=0.8).collect():
        rows[row["set_id"]].append((row["block"], row["leads"]))
    for one, (size, movies) in sizes.items():
        # the prefix is 20 % of the movies, rounded down, plus one; a ninth plus one lead
        assert sorted(block for block, _ in rows[one]) == movies[: int(size * 0.2 + 1e-9) + 1]
        assert sum(leads for _, leads in rows[one]) == int(size / 9 + 1e-9) + 1
