"""The pairs of sets within blocks that can be as alike as asked, in numpy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from movierec.twins.bitmap_filter import Words, count_ones, fold, most_differing

Ints = npt.NDArray[np.int64]
_PAIRS_AT_ONCE = 1 << 15


@dataclass(frozen=True)
class BlockRows:
    """Sets in blocks, n rows by block, then size, then id."""

    blocks: Ints
    """[n]: keys of the blocks."""
    ids: npt.NDArray[Any]
    """[n]: ids of the sets."""
    sizes: Ints
    """[n]: of the sets."""
    leads: npt.NDArray[np.bool_]
    """[n]: whether the row may be the smaller one of a pair."""
    words: Words
    """The sketches, one after another."""
    starts: Ints
    """[n + 1]: where in `words` each sketch begins."""


def similar_in_blocks(
    rows: BlockRows, *, threshold: float
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Yield the ids of pairs that may reach the threshold: the smaller sets, the larger ones.

    Each row that leads is held against the next row of its block, then the one after, and so
    on, up to the last that is not too large. Most pairs end at the first test, on sketches of
    one word.
    """
    sketches = _Sketches(rows, threshold)
    reach = _last_partners(rows, threshold) - np.arange(len(rows.ids))
    leaders = np.flatnonzero(rows.leads & (reach > 0))
    reach = reach[leaders]
    distance = 0
    while len(leaders):
        distance += 1
        for start in range(0, len(leaders), _PAIRS_AT_ONCE):
            one = leaders[start : start + _PAIRS_AT_ONCE]
            one, other = sketches.alike(one, one + distance)
            if len(one):
                yield rows.ids[one], rows.ids[other]
        open_ = reach > distance
        leaders, reach = leaders[open_], reach[open_]


def _last_partners(rows: BlockRows, threshold: float) -> Ints:
    """Return, for each row, the last row of its block that is not too large to be its partner."""
    if not len(rows.ids):
        return np.empty(0, np.int64)
    new_block = np.ones(len(rows.blocks), np.int64)
    new_block[1:] = rows.blocks[1:] != rows.blocks[:-1]
    # Blocks numbered in their order, so that block and size are one rising number.
    step = int(rows.sizes.max()) + 1
    base = np.cumsum(new_block) * step
    largest = np.minimum(np.floor(rows.sizes / threshold + 1e-6).astype(np.int64), step - 1)
    return np.searchsorted(base + rows.sizes, base + largest, side="right") - 1


class _Sketches:
    """The sketches of some rows by width, the wider ones folded to each narrower width too."""

    def __init__(self, rows: BlockRows, threshold: float) -> None:
        self._most = most_differing(threshold, sizes=rows.sizes)
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

    def alike(self, one: Ints, other: Ints) -> tuple[Ints, Ints]:
        """Return the pairs of rows that do not differ in too many bits.

        The rows of `one` are those with the narrower sketches, or equally narrow. A pair passes
        every width up to that: the narrow ones, which cost less, rule out most.
        """
        near = count_ones(self._one_word[one] ^ self._one_word[other])
        kept = near <= self._most[one] + self._most[other]
        one, other = one[kept], other[kept]
        widths = self._widths[one]
        passed = []
        for width, (places, sketches) in self._by_width.items():
            if not len(one):
                break
            differ = sketches[places[one]] ^ sketches[places[other]]
            near = count_ones(differ).sum(axis=1, dtype=np.int64)
            kept = near <= self._most[one] + self._most[other]
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
