"""Who rated which movie when: the rows of an archive without the ratings' values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.activity import Activity
from movierec_synthetic.catalogue import Catalogue
from movierec_synthetic.movie_sampler import MovieSampler
from movierec_synthetic.population import Population, draw_times, shift_to_end
from movierec_synthetic.spec import Ints, SampleSpec, Stream
from movierec_synthetic.tastes import Tastes

Index = npt.NDArray[np.int32]

# Draws tried for each movie that nobody has rated; the user whose taste fits best rates it.
CANDIDATE_RATERS = 8


@dataclass
class History:
    """Movies and times of all ratings, in the order of the users.

    `offsets` int64 (users + 1): user i's rows are offsets[i] : offsets[i + 1]. `movies` int32
    indices into the catalogue, `times` int32 Unix seconds. Together 8 bytes per rating, filled in
    place: a full-size archive has 33.8 million rows.
    """

    offsets: Ints
    movies: Index
    times: Index

    def rows(self, user: int) -> slice:
        """The user's rows."""
        return slice(int(self.offsets[user]), int(self.offsets[user + 1]))

    def sort_by_movie(self, blocks: list[tuple[int, int]]) -> None:
        """Order each user's rows by movie, in place, one block of users at a time."""
        for begin, end in blocks:
            rows = slice(int(self.offsets[begin]), int(self.offsets[end]))
            counts = np.diff(self.offsets[begin : end + 1])
            owner = np.repeat(np.arange(end - begin), counts)
            order = np.argsort((owner << 32) | self.movies[rows], kind="stable")
            self.movies[rows] = self.movies[rows][order]
            self.times[rows] = self.times[rows][order]


def make_history(
    spec: SampleSpec, activity: Activity, population: Population, sampler: MovieSampler
) -> History:
    """Draw every user's movies, without repeats, and times, in the order rated.

    No movie is rated before its year begins.
    """
    offsets = np.concatenate([[0], np.cumsum(activity.counts)])
    history = History(
        offsets, np.empty(spec.ratings, dtype=np.int32), np.empty(spec.ratings, dtype=np.int32)
    )
    releases = np.sort(sampler.released[sampler.tastes.probabilities[0] > 0])
    for block, (begin, end) in enumerate(spec.blocks):
        users = slice(begin, end)
        counts = activity.counts[users]
        last = np.cumsum(counts) - 1
        times = draw_times(counts, population, users, rng=spec.stream(Stream.TIMES, block))
        # A user who rates more than half of the movies released by then rates until the end.
        released = np.searchsorted(releases, times[last], side="right")
        times = shift_to_end(times, counts, 2 * counts > released)
        movies = sampler.sample(
            counts,
            population.mixture[users],
            starts=times[last - counts + 1],
            ends=times[last],
            rng=spec.stream(Stream.MOVIES, block),
        )
        rows = slice(int(offsets[begin]), int(offsets[end]))
        history.movies[rows] = movies
        history.times[rows] = delay_to_release(times, counts, sampler.released[movies])
    return history


def delay_to_release(times: Ints, counts: Ints, released: Ints) -> Ints:
    """The users' rising times, later for movies that are not released yet.

    Such a rating gets the first of the user's times after the release; there must be one.
    """
    span = np.int64(1) << 32
    owner = np.repeat(np.arange(len(counts)) * span, counts)
    earliest = np.searchsorted(owner + times, owner + released, side="left")
    later: Ints = times[np.maximum(np.arange(len(times)), earliest)]
    return later


def rate_unrated_movies(
    spec: SampleSpec,
    history: History,
    *,
    catalogue: Catalogue,
    tastes: Tastes,
    population: Population,
    fixed: Ints,
) -> None:
    """Give each movie with a weight that nobody drew one rating, in place.

    It replaces a rating of a movie with more ratings than the average, after the new movie's
    release and by a user whose taste fits; users in `fixed` keep all of theirs. If there is no
    such rating, the movie stays unrated.
    """
    rng = spec.stream(Stream.UNRATED)
    popularity = np.bincount(history.movies, minlength=spec.movies)
    unrated = np.flatnonzero((popularity == 0) & (catalogue.weights > 0))
    pool = np.sort(rng.integers(spec.ratings, size=8 * CANDIDATE_RATERS * (len(unrated) + 1)))
    pool = pool[np.diff(pool, prepend=-1) > 0]
    owner = np.searchsorted(history.offsets, pool, side="right") - 1
    replaceable = popularity[history.movies[pool]] > max(1.0, spec.ratings / spec.movies)
    replaceable &= ~np.isin(owner, fixed)
    pool, owner = pool[replaceable], owner[replaceable]
    by_time = np.argsort(history.times[pool], kind="stable")
    pool, owner = pool[by_time], owner[by_time]
    earliest = np.searchsorted(history.times[pool], catalogue.released[unrated])
    room = len(pool) - earliest
    unrated, earliest, room = unrated[room > 0], earliest[room > 0], room[room > 0]
    draws = rng.random((len(unrated), CANDIDATE_RATERS)) * room[:, None]
    candidates = earliest[:, None] + draws.astype(np.int64)
    taken = np.zeros(len(pool), dtype=bool)
    for movie, candidate in zip(unrated, candidates, strict=True):
        free = candidate[~taken[candidate]]
        if len(free):
            fit = (population.mixture[owner[free]] * tastes.affinity[movie]).sum(axis=1)
            best = free[np.argmax(fit)]
            taken[best] = True
            history.movies[pool[best]] = movie
