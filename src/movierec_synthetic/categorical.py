"""Fast draws from many categorical distributions at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movierec_synthetic.spec import Floats, Ints


@dataclass(frozen=True)
class CategoricalSampler:
    """Categorical distributions, one per row, over the same columns; draws by inverse CDF.

    `cdf` is flat and rising: row k's cumulative probabilities plus k, so that one search for k
    plus a uniform number draws a column of row k.
    """

    cdf: Floats
    columns: int

    @classmethod
    def from_weights(cls, weights: Floats) -> CategoricalSampler:
        """The sampler for weights (rows, columns); each row's sum must be above 0."""
        cumulative = np.cumsum(weights, axis=1)
        cumulative /= cumulative[:, -1:]
        cumulative += np.arange(len(cumulative))[:, None]
        return cls(cumulative.ravel(), weights.shape[1])

    def draw(self, rows: Ints, rng: np.random.Generator) -> Ints:
        """One column for each entry of `rows`, independently."""
        found = np.searchsorted(self.cdf, rows + rng.random(len(rows)), side="right")
        # Rounding may carry a sum just below 1 into the next row.
        columns: Ints = np.minimum(found - rows * self.columns, self.columns - 1)
        return columns
