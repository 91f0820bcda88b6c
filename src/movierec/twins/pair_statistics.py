"""Means, intervals and tests over pairs of users, where one user can be in many pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from movierec.data.arrays import Floats, Ints
from movierec.data.rounding import DIGITS, rounded

_NORMAL_95: Final = 1.959963984540054


@dataclass(frozen=True)
class PairValues:
    """One finite value for each of n pairs of users."""

    users: Ints
    """[n, 2]"""
    values: Floats
    """[n]"""

    @classmethod
    def defined(cls, users: Ints, values: Floats) -> PairValues:
        """Return the pairs whose value is not NaN."""
        kept = ~np.isnan(values)
        return cls(np.reshape(users, (-1, 2))[kept], values[kept])

    def describe(self) -> dict[str, Any]:
        """Return mean and median with 95 % intervals; None if there are too few pairs."""
        if not len(self.values):
            return {"mean": None, "mean_ci95": None, "median": None, "median_ci95": None}
        mean, median = float(self.values.mean()), float(np.median(self.values))
        half = self._half_width(self.values)
        below = self._half_width((self.values <= median).astype(np.float64))
        return {
            "mean": round(mean, DIGITS),
            "mean_ci95": None if half is None else rounded([mean - half, mean + half]),
            "median": round(median, DIGITS),
            # Woodruff's interval (1952): quantiles at the ends of the interval of the share of
            # values up to the median.
            "median_ci95": None
            if below is None
            else rounded(np.quantile(self.values, np.clip([0.5 - below, 0.5 + below], 0, 1))),
        }

    def standard_error(self, values: Floats) -> float | None:
        """Return the standard error of the values' mean; None for a single pair.

        Pairs that share a user are not independent, and many twins share one. The variance is the
        sum of the products of deviations over all pairs of pairs that share a user, divided by
        n · (n - 1), but not less than that of independent pairs. Source: Aronow, Samii and
        Assenova, "Cluster-robust variance estimation for dyadic data", 2015.
        """
        n = len(values)
        if n < 2:
            return None
        deviations = values - values.mean()
        ids, places = np.unique(self.users, return_inverse=True)
        by_user = np.bincount(places.ravel(), weights=np.repeat(deviations, 2), minlength=len(ids))
        # A pair shares both of its users with itself, but counts once.
        own = float((deviations**2).sum())
        shared = float((by_user**2).sum()) - own
        return math.sqrt(max(shared, own) / (n * (n - 1)))

    def _half_width(self, values: Floats) -> float | None:
        error = self.standard_error(values)
        return None if error is None else _NORMAL_95 * error


def compare_means(
    one: PairValues, other: PairValues, *, resamples: int, seed: int
) -> dict[str, Any]:
    """Return the difference of two groups' means, its 95 % interval, p-value and effect size.

    The p-value is that of a two-sided permutation test: how often random groups of the same sizes
    differ at least as much. It assumes exchangeable pairs and is at least 1 / (resamples + 1).
    The effect size is Cohen's d. Values that need two pairs in a group are None without them.
    """
    n, values = len(one.values), np.concatenate([one.values, other.values])
    if not n or not len(other.values):
        return {"difference": None, "ci95": None, "p_value": None, "cohens_d": None}
    difference = float(one.values.mean() - other.values.mean())
    errors = [group.standard_error(group.values) for group in (one, other)]
    half = None if None in errors else _NORMAL_95 * math.hypot(*(e for e in errors if e))
    rng = np.random.default_rng(seed)
    total = values.sum()
    extreme = 0
    for _ in range(resamples):
        drawn = rng.permutation(values)[:n].sum()
        resampled = drawn / n - (total - drawn) / len(other.values)
        # Sums in a different order differ in their last digits.
        extreme += abs(resampled) >= abs(difference) - 1e-12
    return {
        "difference": round(difference, DIGITS),
        "ci95": None if half is None else rounded([difference - half, difference + half]),
        "p_value": round((extreme + 1) / (resamples + 1), DIGITS),
        "cohens_d": cohens_d(one.values, other.values),
    }


def cohens_d(one: Floats, other: Floats) -> float | None:
    """Return the difference of means in pooled standard deviations; None without spread."""
    degrees = len(one) + len(other) - 2
    if min(len(one), len(other)) < 2:
        return None
    spread = ((one - one.mean()) ** 2).sum() + ((other - other.mean()) ** 2).sum()
    if spread <= 1e-18:
        return None
    return round(float((one.mean() - other.mean()) / math.sqrt(spread / degrees)), DIGITS)


def wilson_interval(successes: int, trials: int) -> list[float]:
    """Return Wilson's 95 % interval of a share.

    >>> wilson_interval(100, 100)
    [0.963006..., 1.0]
    """
    z2 = _NORMAL_95**2
    centre = (successes + z2 / 2) / (trials + z2)
    half = (
        _NORMAL_95 * math.sqrt(successes * (trials - successes) / trials + z2 / 4) / (trials + z2)
    )
    return rounded([max(0.0, centre - half), min(1.0, centre + half)])
