"""Planted pairs and groups: users who copy a source's movies, and the facts about them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from movierec_synthetic.activity import Activity
from movierec_synthetic.history import History
from movierec_synthetic.movie_sampler import MovieSampler
from movierec_synthetic.population import MAX_LAG, Population
from movierec_synthetic.spec import Ints, SampleSpec, Stream

TWIN_JACCARD = (0.5, 0.9)
# Half of the duplicate accounts are exact; the others differ in one of 50 of the source's movies.
NEAR_DUPLICATE_CHANGE = 0.02
# Share of a twin pair's common movies whose ratings differ, by half a star or a whole one.
TWIN_DISAGREEMENT = 0.25


def plant_movies(
    spec: SampleSpec,
    activity: Activity,
    history: History,
    *,
    population: Population,
    sampler: MovieSampler,
) -> None:
    """Replace each follower's movies by some of the source's and some others, in place.

    Twins get a Jaccard similarity drawn uniformly from TWIN_JACCARD, as closely as their counts
    allow; duplicates have the same movies, or all but a few.
    """
    rng = spec.stream(Stream.PLANTING, 0)
    for source, follower in activity.twins:
        counts = activity.counts[[source, follower]]
        jaccard = rng.uniform(*TWIN_JACCARD)
        common = min(round(jaccard * counts.sum() / (1 + jaccard)), int(counts.min()))
        _copy_source(history, int(source), int(follower), common, population, sampler, rng)
    for pair, (source, follower) in enumerate(activity.duplicates):
        count = int(activity.counts[follower])
        changed = max(1, round(NEAR_DUPLICATE_CHANGE * count)) if pair % 2 else 0
        _copy_source(history, int(source), int(follower), count - changed, population, sampler, rng)


def _copy_source(
    history: History,
    source: int,
    follower: int,
    common: int,
    population: Population,
    sampler: MovieSampler,
    rng: np.random.Generator,
) -> None:
    """Give the follower `common` of the source's movies, and others drawn by the same taste.

    The follower's times are the source's plus an hour to MAX_LAG.
    """
    theirs, own = history.rows(source), history.rows(follower)
    movies, times = history.movies[theirs].astype(np.int64), history.times[theirs]
    lag = int(rng.integers(3_600, MAX_LAG))
    copied = np.sort(rng.choice(len(movies), size=common, replace=False))
    extra = sampler.exponential_race(
        own.stop - own.start - common,
        population.mixture[source],
        int(times[-1]),
        without=movies,
        rng=rng,
    )
    # An extra movie is rated at one of the source's times after its release.
    ordered = np.sort(times)
    earliest = np.searchsorted(ordered, sampler.released[extra])
    at = earliest + np.floor(rng.random(len(extra)) * (len(ordered) - earliest)).astype(np.int64)
    history.movies[own] = np.concatenate([movies[copied], extra])
    history.times[own] = np.concatenate([times[copied], ordered[at]]) + lag


def plant_groups(spec: SampleSpec, activity: Activity, history: History) -> None:
    """Give each group's members the source's movies, at most MAX_LAG later, in place."""
    rng = spec.stream(Stream.REFERRALS, 1)
    for group in activity.groups:
        source = history.rows(int(group[0]))
        for member in group[1:]:
            own = history.rows(int(member))
            history.movies[own] = history.movies[source]
            history.times[own] = history.times[source] + int(rng.integers(MAX_LAG))


def plant_ratings(
    spec: SampleSpec, activity: Activity, history: History, half_steps: npt.NDArray[np.uint8]
) -> None:
    """Copy the sources' ratings of common movies to their followers, in place.

    `half_steps` are the ratings in half stars, 1 … 10, in the rows of `history`, whose movies
    rise within each user. Duplicates copy every rating, twins most of them.
    """
    rng = spec.stream(Stream.PLANTING, 1)
    for pairs, disagreement in ((activity.twins, TWIN_DISAGREEMENT), (activity.duplicates, 0.0)):
        for source, follower in pairs:
            theirs, own = history.rows(int(source)), history.rows(int(follower))
            _, at_source, at_follower = np.intersect1d(
                history.movies[theirs], history.movies[own], return_indices=True
            )
            stars = half_steps[theirs][at_source].astype(np.int64)
            # Whole stars stay whole: they may be from the time before half stars.
            size = np.where(stars % 2 == 0, 2, 1)
            step = size * rng.choice([-1, 1], size=len(stars))
            step[rng.random(len(stars)) >= disagreement] = 0
            half_steps[own.start + at_follower] = np.clip(stars + step, size, 10)


def pair_facts(
    pairs: Ints, history: History, half_steps: npt.NDArray[np.uint8]
) -> list[dict[str, int | float]]:
    """The facts about each pair: user ids (the smaller first), set sizes, overlap, Jaccard.

    `equal_ratings` counts the common movies with the same rating. By rising ids.
    """
    facts: list[dict[str, int | float]] = []
    for user_a, user_b in np.sort(pairs, axis=1)[np.argsort(pairs.min(axis=1))]:
        rows_a, rows_b = history.rows(int(user_a)), history.rows(int(user_b))
        movies_a, movies_b = history.movies[rows_a], history.movies[rows_b]
        common, at_a, at_b = np.intersect1d(movies_a, movies_b, return_indices=True)
        facts.append(
            {
                "user_a": int(user_a) + 1,
                "user_b": int(user_b) + 1,
                "movies_a": len(movies_a),
                "movies_b": len(movies_b),
                "common": len(common),
                "jaccard": len(common) / (len(movies_a) + len(movies_b) - len(common)),
                "equal_ratings": int((half_steps[rows_a][at_a] == half_steps[rows_b][at_b]).sum()),
            }
        )
    return facts


def group_facts(groups: tuple[Ints, ...], counts: Ints) -> list[dict[str, int]]:
    """The facts about each planted group: its users, their movies, and the lowest user id."""
    return [
        {"users": len(group), "movies": int(counts[group[0]]), "first_user": int(group.min()) + 1}
        for group in groups
    ]
