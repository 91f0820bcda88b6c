"""The users with their factors, and a sample of them with their ratings, on the driver.

The factors of 330,975 users at rank 64 take 85 MB. Rows are sorted by id and samples drawn by
hashes, so nothing depends on Spark's partitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.arrays import Ints, collect_arrays
from movierec.data.columns import FACTORS, MOVIE_ID, N_RATINGS, RATING, USER_ID
from movierec.data.counts import count_ratings_by
from movierec.data.hashing import random_bits
from movierec.segments.clustering import Singles
from movierec.segments.traits import Likes
from movierec.segments.usefulness import Heldout

_LIKED = "liked"


@dataclass(frozen=True)
class Population:
    """n users, sorted by id, all with a training rating."""

    ids: Ints
    n_ratings: Ints
    """Training ratings."""
    factors: Singles
    """[n, rank]"""

    def clustered(self, *, min_ratings: int) -> npt.NDArray[np.bool_]:
        """Return who shapes the segments: active users whose factors are not all 0."""
        return np.asarray((self.n_ratings >= min_ratings) & (self.factors != 0).any(axis=1))


def first_by_hash(ids: Ints, size: int, *, seed: int) -> Ints:
    """Return the places of up to `size` ids, rising; those of a larger size hold a smaller one's.

    >>> first_by_hash(np.arange(100), 4, seed=1)
    array([39, 48, 53, 63])
    """
    bits = random_bits(seed, ids, 1)[:, 0]
    return np.sort(np.lexsort((ids, bits))[:size])


def collect_population(user_factors: DataFrame, *, train: DataFrame) -> Population:
    """Return the users of a fit to `train`."""
    counts = count_ratings_by(train, key=USER_ID).select(
        USER_ID, F.col(N_RATINGS).cast("int").alias(N_RATINGS)
    )
    arrays = collect_arrays(user_factors.join(counts, on=USER_ID, how="inner"))
    order = np.argsort(arrays[USER_ID])
    return Population(
        ids=arrays[USER_ID][order].astype(np.int64),
        n_ratings=arrays[N_RATINGS][order].astype(np.int64),
        factors=arrays[FACTORS].reshape(len(order), -1)[order],
    )


def collect_factors(factors: DataFrame, *, key: str) -> tuple[Ints, Singles]:
    """Return ids, rising, and factors [n, rank] of users or movies."""
    arrays = collect_arrays(factors.select(key, FACTORS))
    order = np.argsort(arrays[key])
    return arrays[key][order].astype(np.int64), arrays[FACTORS].reshape(len(order), -1)[order]


@dataclass(frozen=True)
class SampleRatings:
    """Ratings of one split, sorted by user and movie."""

    user_ids: Ints
    movie_ids: Ints
    liked: npt.NDArray[np.bool_]

    @classmethod
    def joined(cls, *parts: SampleRatings) -> SampleRatings:
        """Return the ratings of several splits in one."""
        users, movies, liked = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("user_ids", "movie_ids", "liked")
        )
        order = np.lexsort((movies, users))
        return cls(users[order], movies[order], liked[order])


@dataclass(frozen=True)
class UserSample:
    """Some of the users, with their ratings."""

    rows: Ints
    """Their places in the population, rising."""
    ids: Ints
    ratings: Mapping[str, SampleRatings]
    """By split."""

    def likes(self, *splits: str, movie_ids: Ints) -> Likes:
        """Return their likes in these splits, of movies among `movie_ids`, which rise."""
        ratings = SampleRatings.joined(*(self.ratings[split] for split in splits))
        places = places_in(movie_ids, ratings.movie_ids)
        kept = ratings.liked & (places >= 0)
        users = np.searchsorted(self.ids, ratings.user_ids[kept])
        return Likes(n_users=len(self.ids), user=users, movie=places[kept])

    def heldout(
        self, split: str, *, training: tuple[str, ...], candidates: Ints, k: int
    ) -> Heldout:
        """Return a held-out split as the lists see it.

        `candidates` are the ids of the movies with a training rating of anybody, rising.
        """
        known = SampleRatings.joined(*(self.ratings[one] for one in training))
        later = self.ratings[split]
        return Heldout(
            n_users=len(self.ids),
            n_movies=len(candidates),
            user=np.searchsorted(self.ids, known.user_ids),
            movie=np.searchsorted(candidates, known.movie_ids),
            liked=known.liked,
            relevant_user=np.searchsorted(self.ids, later.user_ids[later.liked]),
            relevant_movie=places_in(candidates, later.movie_ids[later.liked]),
            k=k,
        )


def collect_sample(
    population: Population,
    splits: Mapping[str, DataFrame],
    *,
    size: int,
    seed: int,
    relevant_rating: float,
) -> UserSample:
    """Return up to `size` users with their ratings in each split."""
    rows = first_by_hash(population.ids, size, seed=seed)
    ids = population.ids[rows]
    ratings = {}
    for name, split in splits.items():
        own = of_users(split, ids) if len(ids) < len(population.ids) else split
        liked = (F.col(RATING) >= relevant_rating).cast("int").alias(_LIKED)
        arrays = collect_arrays(own.select(USER_ID, MOVIE_ID, liked))
        kept = np.isin(arrays[USER_ID], ids)
        users, movies = (arrays[key][kept].astype(np.int64) for key in (USER_ID, MOVIE_ID))
        order = np.lexsort((movies, users))
        ratings[name] = SampleRatings(
            users[order], movies[order], arrays[_LIKED][kept][order].astype(np.bool_)
        )
    return UserSample(rows, ids, ratings)


def of_users(ratings: DataFrame, ids: Ints) -> DataFrame:
    """Keep the ratings of these users."""
    rows = [(one,) for one in ids.tolist()]
    wanted = ratings.sparkSession.createDataFrame(rows, f"{USER_ID} int")
    return ratings.join(F.broadcast(wanted), on=USER_ID, how="left_semi")


def places_in(rising: Ints, ids: Ints) -> Ints:
    """Return the place of each id, −1 for one that is not there.

    >>> places_in(np.array([2, 5, 7]), np.array([7, 3, 9, 2]))
    array([ 2, -1, -1,  0])
    """
    if not len(rising):
        return np.full(len(ids), -1)
    at = np.searchsorted(rising, ids).clip(max=len(rising) - 1)
    return np.where(rising[at] == ids, at, -1)
