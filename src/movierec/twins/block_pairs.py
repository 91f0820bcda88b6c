"""The pairs of sets within blocks that may reach a similarity threshold, in numpy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from movierec.twins.bitmap_filter import Words, count_ones, fold, max_differing_bits

Ints = npt.NDArray[np.int64]
_PAIRS_AT_ONCE = 1 << 15


@dataclass(frozen=True)
class BlockRows:
    """Sets in blocks, n rows sorted by block, then size, then id."""

    blocks: Ints
    """[n]: the key of the block."""
    ids: npt.NDArray[Any]
    """[n]: the id of the set."""
    sizes: Ints
    """[n]: the size of the set."""
    leads: npt.NDArray[np.bool_]
    """[n]: whether the row may be the smaller one of a pair."""
    words: Words
    """The sketches, one after another."""
    starts: Ints
    """[n + 1]: where each sketch starts in `words`."""


def similar_in_blocks(
    rows: BlockRows, *, threshold: float
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Yield the ids of pairs that may reach the threshold: the smaller sets, the larger ones.

    Each row that leads is compared with the next row of its block, then with the one after, up to
    the last that is not too large. Most pairs fail the first test, on sketches of one word.
    """
    sketches = _Sketches(rows, threshold)
    max_distance = _last_partners(rows, threshold) - np.arange(len(rows.ids))
    leaders = np.flatnonzero(rows.leads & (max_distance > 0))
    max_distance = max_distance[leaders]
    distance = 0
    while len(leaders):
        distance += 1
        for start in range(0, len(leaders), _PAIRS_AT_ONCE):
            one = leaders[start : start + _PAIRS_AT_ONCE]
            one, other = sketches.filter_pairs(one, one + distance)
            if len(one):
                yield rows.ids[one], rows.ids[other]
        remaining = max_distance > distance
        leaders, max_distance = leaders[remaining], max_distance[remaining]


def _last_partners(rows: BlockRows, threshold: float) -> Ints:
    """Return the last row of each row's block that is not too large to be its partner."""
    if not len(rows.ids):
        return np.empty(0, np.int64)
    new_block = np.ones(len(rows.blocks), np.int64)
    new_block[1:] = rows.blocks[1:] != rows.blocks[:-1]
    # Blocks are numbered in order, so that block and size become one rising number.
    step = int(rows.sizes.max()) + 1
    base = np.cumsum(new_block) * step
    largest = np.minimum(np.floor(rows.sizes / threshold + 1e-6).astype(np.int64), step - 1)
    return np.searchsorted(base + rows.sizes, base + largest, side="right") - 1


class _Sketches:
    """The sketches of some rows by width; wide ones are also folded to each narrower width."""

    def __init__(self, rows: BlockRows, threshold: float) -> None:
        self._max_differing = max_differing_bits(threshold, sizes=rows.sizes)
        self._widths = np.diff(rows.starts)
        by_width: dict[int, tuple[Ints, Words]] = {}
        wider = np.empty((0, 1), np.uint64)
        wider_rows = np.empty(0, np.int64)
        for width in sorted(set(self._widths.tolist()), reverse=True):
            own = np.flatnonzero(self._widths == width)
            sketches = rows.words[rows.starts[own, None] + np.arange(width)]
            if len(wider):
                sketches = np.concatenate([fold(wider, width), sketches])
            wider, wider_rows = sketches, np.concatenate([wider_rows, own])
            places = np.full(len(self._widths), -1)
            places[wider_rows] = np.arange(len(wider_rows))
            by_width[width] = places, sketches
        self._by_width = dict(sorted(by_width.items()))
        self._one_word = np.empty(len(wider), np.uint64)
        self._one_word[wider_rows] = fold(wider, 1)[:, 0]

    def filter_pairs(self, one: Ints, other: Ints) -> tuple[Ints, Ints]:
        """Return the pairs of rows that do not differ in too many bits.

        The sketches of `one` must not be wider than those of `other`. A pair is tested at every
        width up to that of `one`: the narrow widths cost less and reject most pairs.
        """
        differing = count_ones(self._one_word[one] ^ self._one_word[other])
        kept = differing <= self._max_differing[one] + self._max_differing[other]
        one, other = one[kept], other[kept]
        widths = self._widths[one]
        passed = []
        for width, (places, sketches) in self._by_width.items():
            if not len(one):
                break
            words = sketches[places[one]] ^ sketches[places[other]]
            differing = count_ones(words).sum(axis=1, dtype=np.int64)
            kept = differing <= self._max_differing[one] + self._max_differing[other]
            done = kept & (widths == width)
            passed.append((one[done], other[done]))
            kept &= widths > width
            one, other, widths = one[kept], other[kept], widths[kept]
        if not passed:
            return one, other
        return (
            np.concatenate([pairs[0] for pairs in passed]),
            np.concatenate([pairs[1] for pairs in passed]),
        )
