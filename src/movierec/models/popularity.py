"""The popularity baseline: one score per movie, the same for every user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.config.schema import Config, PopularityConfig
from movierec.data.columns import FACTORS, MOVIE_ID, N_RATINGS, RATED_AT, RATING, SCORE, USER_ID
from movierec.models.als import Factors

_SUM = "sum_of_ratings"
_LAST = "last"
_UNIT = 2.0**36
_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to score popularity."""

    kind: str
    """`count`, `liked`, `damped_mean` or `recent`."""
    damping: float | None = None
    """Of `damped_mean` only."""
    half_life: float | None = None
    """Of `recent` only, in days."""

    def __str__(self) -> str:
        """Name the variant."""
        parameters = {"damping": self.damping, "half_life": self.half_life}
        given = [f"{key}={value:g}" for key, value in parameters.items() if value is not None]
        return " ".join([self.kind, *given])

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Variant:
        """Return the variant of a trial's row."""
        return cls(kind=row["kind"], damping=row["damping"], half_life=row["half_life"])


def variants(config: PopularityConfig) -> list[Variant]:
    """Return the variants to compare on validation, the simplest first."""
    damped = [Variant(kind="damped_mean", damping=damping) for damping in config.dampings]
    recent = [Variant(kind="recent", half_life=half_life) for half_life in config.half_lives]
    return [Variant(kind="count"), Variant(kind="liked"), *damped, *recent]


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
    `damped_mean` and `recent`: see below.
    """
    if variant.kind == "damped_mean":
        damping = variant.damping or 0.0
        return damped_mean_scores(ratings, damping=damping, min_ratings=min_ratings)
    if variant.half_life is not None:
        half_life = variant.half_life
        return recent_scores(ratings, relevant_rating=relevant_rating, half_life=half_life)
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


def recent_scores(ratings: DataFrame, *, relevant_rating: float, half_life: float) -> DataFrame:
    """Score a movie by its likes, those of old ratings for less: 2^(−age / half_life) each.

    The age is the time, in days, before the last of the ratings. A movie without likes scores 0.

    >>> ratings = spark.sql("SELECT * FROM VALUES (1, 5.0F, TIMESTAMP '2020-01-03'), "
    ...     "(1, 4.0F, TIMESTAMP '2020-01-01'), (2, 4.0F, TIMESTAMP '2019-12-30'), "
    ...     "(3, 1.0F, TIMESTAMP '2020-01-03') AS t(movie_id, rating, rated_at)")
    >>> recent_scores(ratings, relevant_rating=4.0, half_life=2.0).orderBy("movie_id").show()
    +--------+-----+
    |movie_id|score|
    +--------+-----+
    |       1|  1.5|
    |       2| 0.25|
    |       3|  0.0|
    +--------+-----+
    """
    last = ratings.agg(F.max(F.unix_timestamp(RATED_AT)).alias(_LAST))
    age = (F.col(_LAST) - F.unix_timestamp(RATED_AT)) / _DAY
    # whole numbers, whose sum is exact in any order
    weight = F.round(F.pow(F.lit(2.0), -age / half_life) * _UNIT).cast("long")
    likes = F.sum(F.when(F.col(RATING) >= relevant_rating, weight).otherwise(0))
    return ratings.crossJoin(last).groupBy(MOVIE_ID).agg((likes / _UNIT).alias(SCORE))
