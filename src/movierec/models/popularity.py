"""The popularity baseline: one score a movie, the same for everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import FACTORS, MOVIE_ID, N_RATINGS, RATING, SCORE, USER_ID

_SUM = "sum_of_ratings"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to score popularity."""

    kind: str
    """`count`, `liked` or `damped_mean`."""
    damping: float | None
    """Of `damped_mean` only."""

    def __str__(self) -> str:
        """Name the variant."""
        return self.kind if self.damping is None else f"{self.kind} damping={self.damping:g}"


def movie_scores(
    ratings: DataFrame, *, variant: Variant, relevant_rating: float, min_ratings: int
) -> DataFrame:
    """Return one score for each rated movie, by the variant."""
    scorers: dict[str, Callable[[], DataFrame]] = {
        "count": lambda: count_scores(ratings),
        "liked": lambda: liked_scores(ratings, relevant_rating=relevant_rating),
        "damped_mean": lambda: damped_mean_scores(
            ratings, damping=variant.damping or 0.0, min_ratings=min_ratings
        ),
    }
    return scorers[variant.kind]()


def item_factors(movie_scores: DataFrame) -> DataFrame:
    """Return movie scores as factors of rank 1, for the same kernel as ALS."""
    return movie_scores.select(MOVIE_ID, F.array(F.col(SCORE)).alias(FACTORS))


def user_factors(users: DataFrame) -> DataFrame:
    """Return the users, each with the factor 1: to everybody a movie's score is its own."""
    return users.select(USER_ID, F.array(F.lit(1.0)).alias(FACTORS))


def count_scores(ratings: DataFrame) -> DataFrame:
    """Score a movie by its number of ratings."""
    return ratings.groupBy(MOVIE_ID).agg(F.count(F.lit(1)).cast("double").alias(SCORE))


def liked_scores(ratings: DataFrame, *, relevant_rating: float) -> DataFrame:
    """Score a movie by its number of ratings of at least `relevant_rating`; 0 without any."""
    liked = F.count(F.when(F.col(RATING) >= relevant_rating, 1))
    return ratings.groupBy(MOVIE_ID).agg(liked.cast("double").alias(SCORE))


def damped_mean_scores(ratings: DataFrame, *, damping: float, min_ratings: int) -> DataFrame:
    """Score a movie by its mean rating, pulled to the global mean by `damping` ratings.

    score = (sum + damping · global mean) / (n + damping). A movie with fewer than `min_ratings`
    scores 0, below every other: without that floor a movie with a single five-star rating would top
    the list.

    >>> ratings = spark.createDataFrame([(1, 5.0), (1, 4.0), (2, 5.0), (3, 2.0), (3, 4.0)],
    ...     "movie_id int, rating float")
    >>> damped_mean_scores(ratings, damping=2.0, min_ratings=2).orderBy("movie_id").show()
    +--------+-----+
    |movie_id|score|
    +--------+-----+
    |       1| 4.25|
    |       2|  0.0|
    |       3|  3.5|
    +--------+-----+
    """
    # Ratings are multiples of a half: their sums are exact in any order.
    stars = F.col(RATING).cast("double")
    overall = ratings.agg(F.avg(stars).alias("mean"))
    damped = (F.col(_SUM) + damping * F.col("mean")) / (F.col(N_RATINGS) + damping)
    return (
        ratings.groupBy(MOVIE_ID)
        .agg(F.count(F.lit(1)).alias(N_RATINGS), F.sum(stars).alias(_SUM))
        .crossJoin(overall)
        .select(
            MOVIE_ID,
            F.when(F.col(N_RATINGS) >= min_ratings, damped).otherwise(0.0).alias(SCORE),
        )
    )
