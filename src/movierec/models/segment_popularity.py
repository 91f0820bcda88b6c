"""What is popular in a segment of users, as factors for the same kernel as every other model.

A user's factor is 1 at the segment and 0 elsewhere; a movie's are its scores in each segment, and
last that of all users, for those whom no segment fits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.arrays import collect_arrays
from movierec.data.columns import FACTORS, MOVIE_ID, RATING, SEGMENT, USER_ID
from movierec.models.als import Factors

Counts = npt.NDArray[np.int64]
_ALL = "all"


def like_counts(
    ratings: DataFrame, *, members: DataFrame, n_segments: int, relevant_rating: float
) -> DataFrame:
    """Return movie_id, likes_1 … likes_k by the users of each segment, and `all`, for rated movies.

    A like is a rating of at least `relevant_rating`. `all` counts the users without a segment too.

    >>> ratings = spark.createDataFrame([(1, 7, 5.0), (2, 7, 4.0), (3, 7, 4.0), (1, 8, 1.0)],
    ...     "user_id int, movie_id int, rating double")
    >>> members = spark.createDataFrame([(1, 1), (2, 2), (3, None)], "user_id int, segment int")
    >>> like_counts(ratings, members=members, n_segments=2,
    ...     relevant_rating=4.0).orderBy("movie_id").show()
    +--------+-------+-------+---+
    |movie_id|likes_1|likes_2|all|
    +--------+-------+-------+---+
    |       7|      1|      1|  3|
    |       8|      0|      0|  0|
    +--------+-------+-------+---+
    """
    liked = F.col(RATING) >= relevant_rating
    of_segments = [
        F.count(F.when(liked & (F.col(SEGMENT) == number), 1)).alias(name)
        for number, name in enumerate(_names(n_segments), start=1)
    ]
    segments = F.broadcast(members.select(USER_ID, SEGMENT))
    rated = ratings.select(USER_ID, MOVIE_ID, RATING).join(segments, on=USER_ID, how="left")
    return rated.groupBy(MOVIE_ID).agg(*of_segments, F.count(F.when(liked, 1)).alias(_ALL))


def collect_counts(counts: DataFrame, *, n_segments: int) -> tuple[Counts, Counts, Counts]:
    """Return the movies [m], rising, their likes in each segment [segments, m], and by all [m]."""
    arrays = collect_arrays(counts)
    order = np.argsort(arrays[MOVIE_ID])
    own = [arrays[name][order] for name in _names(n_segments)]
    return arrays[MOVIE_ID][order].astype(np.int64), np.array(own), arrays[_ALL][order]


def fit_segment_popularity(
    ratings: DataFrame,
    *,
    members: DataFrame,
    users: DataFrame,
    n_segments: int,
    pseudo_likes: float,
    relevant_rating: float,
) -> Factors:
    """Return the factors of `users` and of all movies of `ratings`; runs Spark to count the likes.

    A movie's score is its share of the likes of a segment, with `pseudo_likes` likes mixed in, in
    proportion to those of all users: (likes + pseudo_likes · share) / (total + pseudo_likes).
    """
    counts = like_counts(
        ratings, members=members, n_segments=n_segments, relevant_rating=relevant_rating
    ).persist()
    names = [*_names(n_segments), _ALL]
    (totals,) = counts.agg(*(F.sum(name).alias(name) for name in names)).collect()
    everybody = F.col(_ALL) / F.lit(float(max(1, totals[_ALL] or 0)))
    scores = [
        (F.col(name) + pseudo_likes * everybody)
        / F.lit(float((totals[name] or 0) + pseudo_likes) or 1.0)
        for name in names[:-1]
    ]
    movies = counts.select(MOVIE_ID, F.array(*scores, everybody).alias(FACTORS))
    segment = F.coalesce(F.col(SEGMENT), F.lit(n_segments + 1))
    one_hot = [F.when(segment == number, 1.0).otherwise(0.0) for number in range(1, n_segments + 2)]
    with_segment = users.join(members.select(USER_ID, SEGMENT), on=USER_ID, how="left")
    return Factors(
        users=with_segment.select(USER_ID, F.array(*one_hot).alias(FACTORS)), movies=movies
    )


def _names(n_segments: int) -> list[str]:
    return [f"likes_{number}" for number in range(1, n_segments + 1)]
