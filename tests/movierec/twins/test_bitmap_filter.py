"""Sketches against their sets."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from movierec.twins.bitmap_filter import (
    _count_ones,
    count_ones,
    fold,
    make_sketches,
    max_differing_bits,
    sketch_widths,
)

WORDS = (64, 32, 16, 8, 4, 2, 1)


def words_of(sets):
    """One array of words per set."""
    members = np.array([movie for movies in sets for movie in sorted(movies)], np.int64)
    data, lengths = make_sketches(members, np.array([len(movies) for movies in sets], np.int64))
    assert len(data) == lengths.sum()
    return [part.view(np.uint64) for part in np.split(data, np.cumsum(lengths)[:-1])]


def differing(one, other, words):
    one, other = fold(one[None], words), fold(other[None], words)
    return int(count_ones(one ^ other).sum())


@st.composite
def pairs_of_sets(draw):
    """Two sets of up to a few thousand movies, with any overlap from none to all."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = [draw(st.sampled_from([0, 1, 3, 20, 64, 65, 200, 1000, 1500])) for _ in range(3)]
    movies = rng.choice(90_000, sum(sizes), replace=False).tolist()
    common, first = movies[: sizes[0]], sizes[0] + sizes[1]
    return set(common + movies[sizes[0] : first]), set(common + movies[first:])


@settings(max_examples=150, deadline=None)
@given(pairs_of_sets())
def test_sketches_of_any_width_differ_in_at_most_as_many_bits_as_the_sets_in_movies(pair):
    one, other = words_of(pair)
    for words in WORDS:
        if words <= min(len(one), len(other)):
            found = differing(one, other, words)
            assert found <= len(pair[0] ^ pair[1])
            # Two members that flip the same bit cancel out.
            assert found % 2 == len(pair[0] ^ pair[1]) % 2


@settings(max_examples=150, deadline=None)
@given(pair=pairs_of_sets(), threshold=st.floats(0.01, 1.0), at_its_own=st.booleans())
def test_a_pair_that_reaches_the_threshold_is_never_rejected(pair, threshold, at_its_own):
    one, other = pair
    assume(one and other)
    jaccard = len(one & other) / len(one | other)
    if at_its_own and jaccard:
        threshold = jaccard
    most = max_differing_bits(threshold, sizes=[len(one), len(other)]).sum()
    if jaccard >= threshold:
        assert len(one ^ other) <= most
    else:
        assert len(one ^ other) > most - 1e-5


def test_widths_are_powers_of_two_with_room_for_the_members():
    sizes = np.arange(0, 3000)
    made = sketch_widths(sizes)
    assert set(made.tolist()) == {256, 512, 1024, 2048, 4096}
    below = sizes <= 512
    assert (made[below] >= 8 * sizes[below]).all()
    tight = made > 256
    assert (made[tight] < 16 * sizes[tight]).all()
    assert (made[~below] == 4096).all()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=10))
def test_ones_are_counted_equally_with_and_without_numpy_2(numbers):
    words = np.array([*numbers, 0, 2**64 - 1, 2**63], np.uint64)
    wanted = [bin(word).count("1") for word in words.tolist()]
    assert _count_ones(words).tolist() == wanted
    assert count_ones(words).tolist() == wanted
