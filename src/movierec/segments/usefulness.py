"""What a segmentation is worth: NDCG of its segments' lists, on a sample of users, without Spark.

A segment's list orders the movies by its users' likes, shrunk towards the likes of all users. A
list has few versions, one per segment, so the rank of a movie in a user's own list is its place in
the segment's order, less the number of movies above it that the user has seen. That makes a
comparison with hundreds of random segmentations cheap. The same lists come from `segment_factors`
through the exact kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from movierec.data.arrays import Floats, Ints
from movierec.segments.clustering import Labels

UNASSIGNED = -1
"""The label of a user whom no segment fits: everybody's likes order the list."""


@dataclass(frozen=True)
class Heldout:
    """The training ratings and the relevant movies of n users for one held-out split.

    Users and movies are numbered from 0; movies in the order of their ids, which breaks ties.
    """

    n_users: int
    n_movies: int
    """Candidates: the movies with a training rating."""
    user: Ints
    """[r]: of each training rating."""
    movie: Ints
    """[r]"""
    liked: npt.NDArray[np.bool_]
    """[r]"""
    relevant_user: Ints
    """[p]: of each relevant pair."""
    relevant_movie: Ints
    """[p]: −1 for a movie that is no candidate, which no list can hold."""
    k: int

    @cached_property
    def evaluated(self) -> Ints:
        """The users with a relevant movie, rising."""
        return np.unique(self.relevant_user)

    def scores(self, labels: Labels, *, n_segments: int, pseudo_likes: float) -> Floats:
        """Return the score of each movie [segments + 1, movies]; the last row is everybody's.

        A segment's is its share of the likes, with `pseudo_likes` likes of all users mixed in.
        """
        rows = np.where(labels < 0, n_segments, labels).astype(np.int64)
        at = rows[self.user[self.liked]] * self.n_movies + self.movie[self.liked]
        counts = np.bincount(at, minlength=(n_segments + 1) * self.n_movies)
        return shrunk_shares(counts.reshape(n_segments + 1, -1)[:-1], counts, pseudo_likes)

    def ndcg(self, labels: Labels, scores: Floats) -> Floats:
        """Return NDCG at k of each of the `evaluated` users, with the list of their label."""
        n = self.n_movies
        order = np.argsort(-scores, axis=1, kind="stable")
        places = np.empty_like(order)
        np.put_along_axis(places, order, np.arange(n)[None, :], axis=1)
        rows = np.where(labels < 0, len(scores) - 1, labels).astype(np.int64)
        above = np.sort(self.user * n + places[rows[self.user], self.movie])
        candidate = self.relevant_movie >= 0
        user, movie = self.relevant_user[candidate], self.relevant_movie[candidate]
        at = places[rows[user], movie]
        before = np.searchsorted(above, user * n + at) - self._first_rating[user]
        ranks = at - before + 1
        gains = np.where(ranks <= self.k, 1 / np.log2(ranks + 1.0), 0)
        return np.bincount(user, gains, minlength=self.n_users)[self.evaluated] / self._ideal

    def mean_ndcg(self, labels: Labels, *, n_segments: int, pseudo_likes: float) -> float:
        """Return the mean of `ndcg` with the lists that the labels make; 0 without users."""
        scores = self.scores(labels, n_segments=n_segments, pseudo_likes=pseudo_likes)
        found = self.ndcg(labels, scores)
        return float(found.mean()) if len(found) else 0.0

    @cached_property
    def _first_rating(self) -> Ints:
        counts = np.bincount(self.user, minlength=self.n_users)
        return np.cumsum(counts) - counts

    @cached_property
    def _ideal(self) -> Floats:
        lengths = np.bincount(self.relevant_user, minlength=self.n_users)[self.evaluated]
        best = np.cumsum(1 / np.log2(np.arange(2.0, self.k + 2)))
        return np.asarray(best[np.minimum(lengths, self.k) - 1])


def shrunk_shares(counts: npt.ArrayLike, all_counts: npt.ArrayLike, pseudo_likes: float) -> Floats:
    """Return the shares of likes [segments + 1, movies] of counts [segments, movies].

    A segment's are mixed with `pseudo_likes` likes in proportion to those of all users; the last
    row has these alone. `all_counts` may have more rows than `counts`: they are added up.
    """
    own = np.asarray(counts, np.float64)
    total = np.asarray(all_counts, np.float64).reshape(-1, own.shape[1]).sum(axis=0)
    everybody = total / max(1.0, total.sum())
    mixed = own + pseudo_likes * everybody
    sums = own.sum(axis=1, keepdims=True) + pseudo_likes
    return np.vstack([mixed / np.where(sums > 0, sums, 1), everybody])
