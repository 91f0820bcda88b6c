"""Sketches of sets: some bits that bound from above how alike two sets can be.

A sketch has a power of two of bits, and each member of the set flips one of them. Where two
sketches differ in d bits, the sets differ in d members at least (Sandes, Teodoro and Melo,
"Bitmap filter", 2020). With a + b members in all, the intersection is then at most
(a + b - d) / 2, and the Jaccard similarity at most (a + b - d) / (a + b + d).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from movierec.data.hashing import mix64

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

MIN_BITS: Final = 256
MAX_BITS: Final = 4096
BITS_A_MEMBER: Final = 8
"""At least, up to MAX_BITS: with fewer, members flip the same bits back and the bound is weak.
With 4 bits 17 times as many pairs of 20,000 users pass a threshold of 0.3."""
_CELLS_AT_ONCE: Final = 1 << 22
# Sums and products of doubles are off by far less; bits and members are whole numbers.
_SLACK: Final = 1e-6


def widths(sizes: npt.ArrayLike) -> Ints:
    """Return the bits of the sketches of sets of these sizes.

    >>> widths([20, 64, 65, 5000]).tolist()
    [256, 512, 1024, 4096]
    """
    wanted = np.maximum(np.asarray(sizes, np.float64) * BITS_A_MEMBER, 1.0)
    powers = np.exp2(np.ceil(np.log2(wanted))).astype(np.int64)
    return powers.clip(MIN_BITS, MAX_BITS)


def sketches(members: Ints, sizes: Ints) -> tuple[npt.NDArray[np.uint8], Ints]:
    """Return the bytes of the sets' sketches, one after another, and the length of each.

    `members` are those of all sets, one set after another.
    """
    bits = widths(sizes)
    drawn = mix64(members.astype(np.uint64) + np.uint64(1)).view(np.int64)
    member_starts = np.concatenate([[0], np.cumsum(sizes)])
    starts = np.concatenate([[0], np.cumsum(bits)])
    made = np.empty(starts[-1] // 8, np.uint8)
    first = 0
    while first < len(sizes):
        last = int(np.searchsorted(starts, starts[first] + _CELLS_AT_ONCE, side="right")) - 1
        last = max(first + 1, last)
        part = slice(member_starts[first], member_starts[last])
        begins = np.repeat(starts[first:last] - starts[first], sizes[first:last])
        masks = np.repeat(bits[first:last] - 1, sizes[first:last])
        flips = np.bincount(begins + (drawn[part] & masks), minlength=starts[last] - starts[first])
        made[starts[first] // 8 : starts[last] // 8] = np.packbits(
            (flips & 1).astype(np.uint8), bitorder="little"
        )
        first = last
    return made, bits // 8


def fold(sketch: Words, words: int) -> Words:
    """Return sketches [n, w] as those of fewer words [n, words] of the same sets.

    A member's bit in the narrower sketch has the low bits of its number in the wider one.
    """
    folded: Words = np.bitwise_xor.reduce(
        sketch.reshape(len(sketch), sketch.shape[1] // words, words), axis=1
    )
    return folded


def most_differing(threshold: float, *, sizes: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return each set's share of the bits in which a pair may differ and reach the threshold.

    For sets of a and b members whose sketches differ in d bits, (a + b - d) / (a + b + d) >= t
    means that d <= (a + b) · (1 - t) / (1 + t): a sum of one share for each set.
    """
    return np.asarray(sizes) * ((1.0 - threshold) / (1.0 + threshold)) + _SLACK


def _count_ones(words: Words) -> npt.NDArray[Any]:
    """Return the ones of each word by sums within the word."""
    ones = words - ((words >> np.uint64(1)) & np.uint64(0x5555555555555555))
    twos = np.uint64(0x3333333333333333)
    ones = (ones & twos) + ((ones >> np.uint64(2)) & twos)
    ones = (ones + (ones >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    counts: Words = (ones * np.uint64(0x0101010101010101)) >> np.uint64(56)
    return counts


# numpy counts by itself from version 2.0 on; an image of Dataproc may have 1.26.
count_ones = getattr(np, "bitwise_count", _count_ones)
