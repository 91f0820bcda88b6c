"""Pairs within blocks against brute force on Python sets."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.twins.bitmap_filter import make_sketches
from movierec.twins.block_pairs import BlockRows, similar_in_blocks


def rows_of(sets, placed):
    """`placed` holds (block, id, leads)."""
    placed = sorted(placed, key=lambda row: (row[0], len(sets[row[1]]), row[1]))
    sizes = np.array([len(sets[own]) for _, own, _ in placed], np.int64)
    members = [movie for _, own, _ in placed for movie in sorted(sets[own])]
    data, lengths = make_sketches(np.array(members, np.int64), sizes)
    return BlockRows(
        blocks=np.array([block for block, _, _ in placed], np.int64),
        ids=np.array([own for _, own, _ in placed], np.int32),
        sizes=sizes,
        leads=np.array([leads for _, _, leads in placed], bool),
        words=data.view(np.uint64),
        starts=np.concatenate([[0], np.cumsum(lengths // 8)]),
    )


def yielded(sets, placed, threshold):
    return [
        pair
        for ones, others in similar_in_blocks(rows_of(sets, placed), threshold=threshold)
        for pair in zip(ones.tolist(), others.tolist(), strict=True)
    ]


def led(sets, placed):
    """Every pair in a common block, in order, whose first row leads there."""
    pairs = set()
    for (block, one, leads), (other_block, other, _) in itertools.permutations(placed, 2):
        ordered = (len(sets[one]), one) < (len(sets[other]), other)
        if block == other_block and leads and ordered:
            pairs.add((one, other))
    return pairs


def jaccard(one, other):
    return len(one & other) / len(one | other)


@st.composite
def problems(draw):
    """Families of similar sets, with sizes whose sketches have different widths."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sets = []
    sizes = st.sampled_from([1, 2, 5, 30, 64, 70, 130, 300, 600])
    for size in draw(st.lists(sizes, min_size=1, max_size=4)):
        family = rng.choice(5000, size, replace=False).tolist()
        shares = st.sampled_from([0.3, 0.6, 0.8, 0.95, 1.0])
        for share in draw(st.lists(shares, min_size=2, max_size=4)):
            own = set(family[: max(1, round(share * size))])
            own.update(rng.choice(5000, draw(st.integers(0, 3)), replace=False).tolist())
            sets.append(own)
    ids = rng.choice(10_000, len(sets), replace=False).tolist()
    sets = dict(zip(ids, sets, strict=True))
    n_blocks = draw(st.integers(1, 4))
    placed = [
        (block, own, bool(rng.random() < 0.8))
        for block in rng.choice(2**62, n_blocks, replace=False).tolist()
        for own in ids
        if rng.random() < 0.7
    ]
    return sets, placed, draw(st.sampled_from([0.2, 0.5, 0.6, 0.75, 0.9, 1.0]))


@settings(max_examples=200, deadline=None)
@given(problems())
def test_all_pairs_that_reach_the_threshold_are_yielded_and_no_impossible_ones(problem):
    sets, placed, threshold = problem
    found, possible = set(yielded(sets, placed, threshold)), led(sets, placed)
    reaching = {pair for pair in possible if jaccard(*(sets[own] for own in pair)) >= threshold}
    assert reaching <= found <= possible
    assert all(len(sets[one]) >= threshold * len(sets[other]) - 1e-5 for one, other in found)


def test_a_pair_in_several_blocks_is_yielded_once_per_block_that_its_smaller_set_leads():
    sets = {1: {5, 6, 7}, 2: {5, 6, 7, 8}}
    placed = [(10, 1, True), (10, 2, True), (20, 1, True), (20, 2, False), (30, 1, False)]
    assert yielded(sets, [*placed, (30, 2, True)], 0.75) == [(1, 2), (1, 2)]
