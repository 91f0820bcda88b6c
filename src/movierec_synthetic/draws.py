"""Fast draws from many discrete distributions at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DrawTable:
    """Rows of chances over the same columns, drawn from by inverse CDF.

    `cdf` is flat and rising: row k's cumulative shares plus k, so that one search for k plus a
    uniform number draws a column of row k.
    """

    cdf: Floats
    columns: int

    @classmethod
    def of(cls, chances: Floats) -> DrawTable:
        """The table of chances (rows, columns), which need not sum to 1 but not to 0 either."""
        cumulative = np.cumsum(chances, axis=1)
        cumulative /= cumulative[:, -1:]
        cumulative += np.arange(len(cumulative))[:, None]
        return cls(cumulative.ravel(), chances.shape[1])

    def draw(self, rows: Ints, rng: np.random.Generator) -> Ints:
        """One column for each of the rows named, independently."""
        found = np.searchsorted(self.cdf, rows + rng.random(len(rows)), side="right")
        # Rounding may carry a sum that is all but 1 into the next row.
        columns: Ints = np.minimum(found - rows * self.columns, self.columns - 1)
        return columns
