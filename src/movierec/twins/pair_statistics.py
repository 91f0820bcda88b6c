"""Means, intervals and tests over pairs of users, where one user can be in many pairs.

The levels and coverages are measured in tests/movierec/twins/test_levels.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from movierec.data.arrays import Floats, Ints
from movierec.data.rounding import DIGITS, rounded

_NORMAL_95: Final = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A mean or a difference of means, with its uncertainty."""

    value: float
    variance: float | None
    """None with too few pairs to know it."""
    degrees: float
    """Of freedom, of Student's t."""

    def half_width(self) -> float | None:
        """Return half of the 95 % interval; None where the variance is unknown."""
        if self.variance is None:
            return None
        return t_quantile(self.degrees) * math.sqrt(self.variance)

    def interval(self) -> list[float] | None:
        """Return the 95 % interval, rounded; None where the variance is unknown."""
        half = self.half_width()
        return None if half is None else rounded([self.value - half, self.value + half])

    def p_value(self) -> float | None:
        """Return the two-sided p-value of 0, rounded; None where the variance is unknown."""
        if self.variance is None:
            return None
        return round(t_p_value(self.value / math.sqrt(self.variance), self.degrees), DIGITS)

    def minus(self, other: Estimate) -> Estimate:
        """Return the difference to an independent estimate, with Welch's degrees of freedom."""
        value = self.value - other.value
        if self.variance is None or other.variance is None:
            return Estimate(value, None, 0.0)
        variance = self.variance + other.variance
        degrees = variance**2 / (
            self.variance**2 / self.degrees + other.variance**2 / other.degrees
        )
        return Estimate(value, variance, degrees)


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
        mean, median = self.estimate(), float(np.median(self.values))
        below = PairValues(self.users, (self.values <= median).astype(np.float64))
        half = below.estimate().half_width()
        return {
            "mean": round(mean.value, DIGITS),
            "mean_ci95": mean.interval(),
            "median": round(median, DIGITS),
            # Woodruff's interval (1952): quantiles at the ends of the interval of the share of
            # values up to the median.
            "median_ci95": None
            if half is None
            else rounded(np.quantile(self.values, np.clip([0.5 - half, 0.5 + half], 0, 1))),
        }

    def estimate(self) -> Estimate:
        """Return the mean of at least one value, with a variance that knows of shared users.

        Pairs that share a user are not independent, and many twins share one. The variance is the
        jackknife's: each user is left out with all its pairs, the squared changes of the mean are
        summed, and those of leaving out single pairs are subtracted, since each pair went with
        both of its users. It is not less than that of independent pairs. The n pairs count as
        2 · n² / (sum of squares of the pairs per user), which is n if no two share a user, and
        have one degree of freedom less. The variance is None below one degree, where one user is
        in all pairs, and without spread.

        Source: the jackknife of the variance in Aronow, Samii and Assenova, "Cluster-robust
        variance estimation for dyadic data", 2015.
        """
        n, mean = len(self.values), float(self.values.mean())
        ids, places = np.unique(self.users, return_inverse=True)
        places = places.ravel()
        pairs_of = np.bincount(places, minlength=len(ids))
        degrees = 2 * n**2 / float((pairs_of**2).sum()) - 1
        if degrees < 1 or pairs_of.max() == n:
            return Estimate(mean, None, 0.0)
        deviations = self.values - mean
        by_user = np.bincount(places, weights=np.repeat(deviations, 2), minlength=len(ids))
        without_user = float(((by_user / (n - pairs_of)) ** 2).sum())
        without_pair = float(((deviations / (n - 1)) ** 2).sum())
        variance = max(without_user - without_pair, without_pair)
        # equal values leave a rounding error
        return Estimate(mean, variance if variance > 1e-18 else None, degrees)


def compare_means(one: PairValues, other: PairValues) -> dict[str, Any]:
    """Return the difference of two groups' means, its 95 % interval, p-value and effect size.

    Interval and p-value are those of Welch's t, with the variances of `PairValues.estimate`. The
    effect size is Cohen's d. Values are None without enough pairs.
    """
    if not len(one.values) or not len(other.values):
        return {"difference": None, "ci95": None, "p_value": None, "cohens_d": None}
    difference = one.estimate().minus(other.estimate())
    return {
        "difference": round(difference.value, DIGITS),
        "ci95": difference.interval(),
        "p_value": difference.p_value(),
        "cohens_d": cohens_d(one.values, other.values),
    }


def t_p_value(t: float, degrees: float) -> float:
    """Return the share of Student's t that is at least as far from 0; degrees of 1 or more.

    >>> round(t_p_value(2.228, 10), 4), t_p_value(0.0, 3.5)
    (0.05, 1.0)
    """
    angles, within = _t_shares(degrees)
    return float(1 - np.interp(math.atan(abs(t) / math.sqrt(degrees)), angles, within))


def t_quantile(degrees: float) -> float:
    """Return how far from 0 Student's t is in 5 % of cases; degrees of 1 or more.

    >>> [round(t_quantile(degrees), 3) for degrees in (1, 10, 1000)]
    [12.706, 2.228, 1.962]
    """
    angles, within = _t_shares(degrees)
    return math.sqrt(degrees) * math.tan(np.interp(0.95, within, angles))


def _t_shares(degrees: float) -> tuple[Floats, Floats]:
    """Return angles from 0 to π/2, and the share of t within ± tan(angle) · √degrees.

    At x = √degrees · tan(angle) the density of t becomes a power of the cosine.
    """
    angles = np.linspace(0.0, math.pi / 2, 50_001)
    density = np.cos(angles) ** (degrees - 1)
    within = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return angles, within / within[-1]


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
