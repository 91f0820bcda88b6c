"""The arithmetic of LSH banding: how many rows and bands find pairs of a given similarity.

Source: Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Banding:
    """A signature of rows × bands hashes, cut into bands."""

    rows: int
    bands: int

    def miss_probability(self, similarity: float) -> float:
        """Return the chance that a pair of this Jaccard similarity shares no band.

        >>> Banding(rows=4, bands=16).miss_probability(0.9)
        3.8...e-08
        """
        shared = similarity**self.rows
        return 0.0 if shared >= 1.0 else math.exp(self.bands * math.log1p(-shared))


def bands_needed(similarity: float, rows: int, *, miss: float) -> int:
    """Return the smallest number of bands of `rows` rows that miss a pair of this similarity with
    a probability of at most `miss`.

    >>> bands_needed(0.4, 2, miss=0.001)
    40
    """
    shared = similarity**rows
    if shared >= 1.0:
        return 1
    if shared <= 0.0:
        raise ValueError(f"no number of bands finds a similarity of {similarity}")
    return max(1, math.ceil(math.log(miss) / math.log1p(-shared)))


def derive_banding(similarity: float, *, miss: float, hashes: int) -> Banding:
    """Return the most selective banding within `hashes` that keeps the miss probability.

    More rows per band make fewer false candidates, and need more bands. Raises ValueError if even
    bands of one row need more hashes.

    >>> derive_banding(0.4, miss=0.001, hashes=128)
    Banding(rows=2, bands=40)
    """
    best = None
    for rows in range(1, hashes + 1):
        bands = bands_needed(similarity, rows, miss=miss)
        if rows * bands > hashes:
            break
        best = Banding(rows, bands)
    if best is None:
        needed = bands_needed(similarity, 1, miss=miss)
        raise ValueError(f"a similarity of {similarity:g} needs {needed} hashes, not {hashes}")
    return best
