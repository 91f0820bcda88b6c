"""How many movies each user rates, and which users are planted as pairs."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from movierec.errors import ConfigError
from movierec_synthetic.referrals import planned_groups
from movierec_synthetic.spec import SampleSpec, Stream

Ints = npt.NDArray[np.int64]

# Below it one common movie more or less moves a Jaccard similarity by several hundredths.
MIN_PLANTED_RATINGS = 25


@dataclass(frozen=True)
class Activity:
    """Ratings by user (int64, summing to the spec's ratings) and the users planted as alike.

    `twins` and `duplicates` are arrays of shape (pairs, 2): source and follower, user indices
    from 0; `groups` are users with equal sets, a source first. No user stands in two of them.
    """

    counts: Ints
    twins: Ints
    duplicates: Ints
    groups: tuple[Ints, ...]

    @property
    def planted(self) -> Ints:
        """All users in a pair or a group."""
        return np.concatenate([self.twins.ravel(), self.duplicates.ravel(), *self.groups])


def light_counts(spec: SampleSpec) -> Ints:
    """Ratings of the users below the log-normal tail, rising.

    Quantiles of the law that runs straight between the shape's `activity_knots`, rounded down;
    at most the mean. Nobody at all where the other users could hardly hold the other ratings.
    """
    shares, ratings = np.array(spec.shape.activity_knots or [(0.0, 0.0)]).T
    mean = spec.ratings // spec.users
    places = (np.arange(int(shares[-1] * spec.users)) + 0.5) / spec.users
    counts: Ints = np.floor(np.interp(places, shares, ratings)).astype(np.int64)
    counts = np.clip(counts, min(spec.shape.min_ratings_per_user, mean), mean)
    room = (spec.users - len(counts)) * spec.movies
    return counts if 2 * (spec.ratings - int(counts.sum())) <= room else counts[:0]


def heavy_tailed_counts(spec: SampleSpec) -> Ints:
    """Ratings by rising activity, summing to `spec.ratings`, each in 1 … `spec.movies`.

    The quantiles are those of the distribution itself, not of a draw from it, so that a small
    sample has the same median and maximum under every seed.
    """
    shape = spec.shape
    light = light_counts(spec)
    heavy = spec.users - len(light)
    rest = spec.ratings - int(light.sum())
    # The tail begins where the light users end.
    floor = int(light.max(initial=min(shape.min_ratings_per_user, spec.ratings // spec.users)))
    # Twice the mean, where that is more, keeps nearly full matrices possible.
    ceiling = min(spec.movies, max(shape.max_activity * spec.movies, 2 * rest / heavy))
    quantile = NormalDist().inv_cdf
    deviates = np.array([quantile((i + 0.5) / heavy) for i in range(heavy)])
    beyond = np.exp(shape.activity_sigma * deviates)

    def at_scale(scale: float) -> npt.NDArray[np.float64]:
        return np.minimum(floor + scale * beyond, ceiling)

    low, high = 0.0, float(spec.movies) / float(beyond[0])
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if at_scale(middle).sum() < rest else (low, middle)
    exact = at_scale(high)
    counts = exact.astype(np.int64)
    missing = rest - int(counts.sum())
    room = np.flatnonzero(counts < spec.movies)
    by_remainder = room[np.argsort(counts[room] - exact[room], kind="stable")]
    counts[by_remainder[:missing]] += 1
    return np.sort(np.concatenate([light, counts]))


def planted_pairs(spec: SampleSpec, counts: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Disjoint pairs of users with similar activity: twins and duplicates, (pairs, 2) each.

    The source, which is the more active, stands first. Raises ConfigError if the spec asks for
    more pairs than there are users with enough ratings.
    """
    # A follower finds movies beyond its source's where the source leaves most of them.
    most = spec.movies // 4
    eligible = np.flatnonzero((counts >= MIN_PLANTED_RATINGS) & (counts <= most))
    possible = len(eligible) // 2
    if (spec.twins or 0) + (spec.duplicates or 0) > possible:
        raise ConfigError(
            [
                f"twins is {spec.twins or 0} and duplicates {spec.duplicates or 0}, but"
                f" {len(eligible)} users, who rate {MIN_PLANTED_RATINGS} to {most} of the movies,"
                f" make {possible} pairs: ask for fewer, or for more ratings"
            ]
        )
    duplicates = min(spec.duplicate_pairs, possible - (spec.twins or 0))
    twins = min(spec.twin_pairs, possible - duplicates)
    chosen = rng.choice(eligible, size=2 * (twins + duplicates), replace=False)
    neighbours = chosen[np.argsort(-counts[chosen], kind="stable")].reshape(-1, 2)
    shuffled = rng.permutation(neighbours, axis=0)
    return shuffled[duplicates:], shuffled[:duplicates]


def levelled(counts: Ints, duplicates: Ints, planted: Ints, *, movies: int) -> Ints:
    """Counts with both users of each duplicate pair alike, at an unchanged sum.

    A pair's odd rating goes to one of the most active users outside of `planted`; where there
    is none, the pair stays one apart.
    """
    counts = counts.copy()
    others = np.setdiff1d(np.flatnonzero(counts < movies), planted)
    takers = list(others[np.argsort(-counts[others], kind="stable")][: len(duplicates)])
    for source, follower in duplicates:
        both = int(counts[source] + counts[follower])
        counts[[source, follower]] = both - both // 2, both // 2
        if both % 2 and takers:
            counts[source] -= 1
            counts[takers.pop(0)] += 1
    return counts


def plan_activity(spec: SampleSpec) -> Activity:
    """Draw who rates how much and who is planted."""
    rng = spec.stream(Stream.ACTIVITY)
    counts = rng.permutation(heavy_tailed_counts(spec))
    twins, duplicates = planted_pairs(spec, counts, rng)
    planted = np.concatenate([twins.ravel(), duplicates.ravel()])
    counts = levelled(counts, duplicates, planted, movies=spec.movies)
    return Activity(counts, twins, duplicates, planned_groups(spec, counts, planted=planted))
