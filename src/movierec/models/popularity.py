"""The popularity baseline: one score per movie, the same for every user."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.config.schema import Config, PopularityConfig
from movierec.data.columns import FACTORS, MOVIE_ID, N_RATINGS, RATING, SCORE, USER_ID
from movierec.models.als import Factors

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


def variants(config: PopularityConfig) -> list[Variant]:
    """Return the variants to compare on validation, the simplest first."""
    damped = [Variant(kind="damped_mean", damping=damping) for damping in config.dampings]
    return [Variant(kind="count", damping=None), Variant(kind="liked", damping=None), *damped]


def popularity_factors(
    ratings: DataFrame, *, users: DataFrame, variant: Variant, config: Config
) -> Factors:
    """Return movie scores as factors of rank 1, for the same kernel as ALS; each user's is 1."""
    scores = movie_scores(
        ratings,
        variant=variant,
        relevant_rating=config.evaluation.relevant_rating,
        min_ratings=config.popularity.min_ratings,
    )
    return Factors(
        users=users.select(USER_ID, F.array(F.lit(1.0)).alias(FACTORS)),
        movies=scores.select(MOVIE_ID, F.array(F.col(SCORE)).alias(FACTORS)),
    )


def movie_scores(
    ratings: DataFrame, *, variant: Variant, relevant_rating: float, min_ratings: int
) -> DataFrame:
    """Return one score for each rated movie.

    `count`: its number of ratings. `liked`: those of at least `relevant_rating`; 0 without any.
    """
    if variant.kind == "damped_mean":
        damping = variant.damping or 0.0
        return damped_mean_scores(ratings, damping=damping, min_ratings=min_ratings)
    counted = {"count": F.lit(1), "liked": F.when(F.col(RATING) >= relevant_rating, 1)}
    score = F.count(counted[variant.kind]).cast("double")
    return ratings.groupBy(MOVIE_ID).agg(score.alias(SCORE))


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
