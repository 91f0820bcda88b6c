"""How many movies each user rates, and which users are planted as pairs."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from movierec.errors import ConfigError
from movierec_synthetic.spec import Ints, SampleSpec, Stream

# With fewer ratings, one common movie changes a Jaccard similarity by several hundredths.
MIN_PLANTED_RATINGS = 25


@dataclass(frozen=True)
class Activity:
    """Ratings per user (int64, summing to the spec's ratings) and the users planted as similar.

    `twins` and `duplicates` are arrays of shape (pairs, 2): source and follower, user indices
    from 0; `groups` are users with equal sets, the source first. No user is in two of them.
    """

    counts: Ints
    twins: Ints
    duplicates: Ints
    groups: tuple[Ints, ...]

    @property
    def planted(self) -> Ints:
        """All users in a pair or a group."""
        return np.concatenate([self.twins.ravel(), self.duplicates.ravel(), *self.groups])


def light_user_counts(spec: SampleSpec) -> Ints:
    """Ratings of the users below the log-normal tail, rising.

    Quantiles interpolated linearly between the shape's `activity_knots`, rounded down, at most
    the mean. Empty if the remaining ratings would fill more than half of the other users' cells.
    """
    shares, ratings = np.array(spec.shape.activity_knots or [(0.0, 0.0)]).T
    mean = spec.ratings // spec.users
    places = (np.arange(int(shares[-1] * spec.users)) + 0.5) / spec.users
    counts: Ints = np.floor(np.interp(places, shares, ratings)).astype(np.int64)
    counts = np.clip(counts, min(spec.shape.min_ratings_per_user, mean), mean)
    room = (spec.users - len(counts)) * spec.movies
    return counts if 2 * (spec.ratings - int(counts.sum())) <= room else counts[:0]


def heavy_tailed_counts(spec: SampleSpec) -> Ints:
    """Ratings per user, rising, summing to `spec.ratings`, each in 1 … `spec.movies`.

    These are quantiles of the distribution, not random draws, so a small sample has the same
    median and maximum under every seed.
    """
    shape = spec.shape
    light = light_user_counts(spec)
    heavy = spec.users - len(light)
    rest = spec.ratings - int(light.sum())
    # The tail begins where the light users end.
    floor = int(light.max(initial=min(shape.min_ratings_per_user, spec.ratings // spec.users)))
    # Twice the mean, if larger, keeps nearly full matrices possible.
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


def draw_planted_pairs(
    spec: SampleSpec, counts: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Disjoint pairs of users with similar activity: twins and duplicates, (pairs, 2) each.

    The source, the more active user, comes first. Raises ConfigError if the spec asks for more
    pairs than the users with enough ratings can form.
    """
    # A source with few of the movies leaves enough others for its follower.
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


def equalize_duplicates(counts: Ints, duplicates: Ints, planted: Ints, *, movies: int) -> Ints:
    """Counts with equal values for both users of each duplicate pair, at an unchanged sum.

    A pair's odd rating goes to one of the most active users outside of `planted`; if there is
    none, the pair differs by one.
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


def draw_identical_groups(spec: SampleSpec, counts: Ints, *, planted: Ints) -> tuple[Ints, ...]:
    """Groups of users with one and the same small set, one per entry of the shape's `referrals`.

    In ml-latest some 230 users share one set of three movies or more, which no front page
    explains: a link or a class sent them to rate these movies. The source comes first. No user
    is in two groups or in `planted`. All members have the group's number of ratings in `counts`;
    a group is smaller if fewer users have it, and left out if that leaves fewer than two.
    """
    rng = spec.stream(Stream.REFERRALS, 0)
    free = np.ones(spec.users, dtype=bool)
    free[planted] = False
    groups = []
    for ratings, share in spec.shape.referrals:
        able = np.flatnonzero(free & (counts == ratings))
        members = min(round(share * spec.users), len(able))
        if members >= 2:
            group = rng.choice(able, size=members, replace=False)
            free[group] = False
            groups.append(group)
    return tuple(groups)


def draw_activity(spec: SampleSpec) -> Activity:
    """Draw how many movies each user rates and which users are planted."""
    rng = spec.stream(Stream.ACTIVITY)
    counts = rng.permutation(heavy_tailed_counts(spec))
    twins, duplicates = draw_planted_pairs(spec, counts, rng)
    planted = np.concatenate([twins.ravel(), duplicates.ravel()])
    counts = equalize_duplicates(counts, duplicates, planted, movies=spec.movies)
    return Activity(counts, twins, duplicates, draw_identical_groups(spec, counts, planted=planted))
