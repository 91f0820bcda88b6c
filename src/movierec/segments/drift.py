"""How the segments of two runs differ: the sizes, and who went where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movierec.data.arrays import Floats, Ints

_SMALLEST_SHARE = 1e-4
SMALL_SHIFT, LARGE_SHIFT = 0.1, 0.25
"""The customary limits of a PSI: below the first nothing changed, from the second on much did."""


@dataclass(frozen=True)
class Drift:
    """Two runs; segment numbers of the second are matched with those of the first."""

    psi: float
    """The population stability index of the sizes: Σ (p − q) ln(p / q)."""
    matched: Ints
    """[segments of A]: the segment of B, from 0, that takes its place; −1 for none."""
    transition: Ints
    """[segments of A + 1, segments of B + 1]: users of both; the last is no segment."""


def measure_drift(one: Ints, other: Ints, *, common: tuple[Ints, Ints]) -> Drift:
    """Return the drift from segment sizes `one` to `other`, users without a segment last.

    `common` are the segments, from 0, of the users of both runs in each: the last number is none.
    """
    table = np.zeros((len(one), len(other)), np.int64)
    np.add.at(table, common, 1)
    matched = match(table[:-1, :-1])
    sizes = [(one[a], other[b] if b >= 0 else 0) for a, b in enumerate(matched)]
    sizes += [(0, other[b]) for b in range(len(other) - 1) if b not in matched]
    before, after = np.array([*sizes, (one[-1], other[-1])], np.float64).T
    return Drift(population_stability(before, after), matched, table)


def match(table: Ints) -> Ints:
    """Return for each row the column that it shares most with, each column once, −1 for no column.

    The pair with the most in common is matched first; of equals the one with the lowest numbers.
    """
    matched = np.full(len(table), -1)
    order = np.argsort(-table.ravel(), kind="stable")
    for row, column in zip(*np.unravel_index(order, table.shape), strict=True):
        if table[row, column] and matched[row] < 0 and column not in matched:
            matched[row] = column
    return matched


def population_stability(one: Floats, other: Floats) -> float:
    """Return Σ (p − q) ln(p / q) of two lists of sizes; a share counts as 0.01 % at least.

    >>> round(population_stability(np.array([50.0, 50.0]), np.array([50.0, 50.0])), 3)
    0.0
    >>> round(population_stability(np.array([50.0, 50.0]), np.array([60.0, 40.0])), 3)
    0.041
    """
    p, q = (np.maximum(sizes / max(1, sizes.sum()), _SMALLEST_SHARE) for sizes in (one, other))
    return float(((p - q) * np.log(p / q)).sum())
