"""Ranking metrics at k: one row per user, and Spark's own means over all users."""

from __future__ import annotations

from typing import Any, Final

from pyspark.ml.evaluation import RankingEvaluator
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from movierec.data import columns as c
from movierec.data.rounding import DIGITS

_SPARK_NAMES: Final[dict[str, Any]] = {
    c.PRECISION: "precisionAtK",
    c.MAP: "meanAveragePrecisionAtK",
    c.NDCG: "ndcgAtK",
    c.RECALL: "recallAtK",
}
_RANKS = "hit_ranks"
_PREDICTION = "prediction"
_LABEL = "label"


def relevant_movies(heldout: DataFrame, *, relevant_rating: float) -> DataFrame:
    """Return the (user, movie) pairs of held-out ratings of at least `relevant_rating`."""
    return heldout.where(F.col(c.RATING) >= relevant_rating).select(c.USER_ID, c.MOVIE_ID)


def user_metrics(recommendations: DataFrame, *, relevant: DataFrame, k: int) -> DataFrame:
    """Return the metrics of every user with a relevant movie; they are 0 without a list.

    For a user with hits at ranks r1 < r2 < … and R relevant movies:
    precision = hits / k; recall = hits / R; map = Σ (i / ri) / min(R, k);
    ndcg = Σ 1/log2(ri + 1) / Σ_{i ≤ min(R, k)} 1/log2(i + 1).
    Equal to Spark's RankingMetrics to 1e-9. Users without a relevant movie have no row.

    >>> lists = spark.createDataFrame([(1, 10, 1), (1, 11, 2), (1, 12, 3)],
    ...     "user_id int, movie_id int, rank int")
    >>> relevant = spark.createDataFrame([(1, 10), (1, 12), (2, 10)], "user_id int, movie_id int")
    >>> user_metrics(lists, relevant=relevant, k=3).select("user_id", "n_hits",
    ...     F.round("precision", 3).alias("precision"), F.round("map", 3).alias("map"),
    ...     F.round("ndcg", 3).alias("ndcg"), "recall").orderBy("user_id").show()
    +-------+------+---------+-----+----+------+
    |user_id|n_hits|precision|  map|ndcg|recall|
    +-------+------+---------+-----+----+------+
    |      1|     2|    0.667|0.833|0.92|   1.0|
    |      2|     0|      0.0|  0.0| 0.0|   0.0|
    +-------+------+---------+-----+----+------+
    """
    hits = recommendations.where(F.col(c.RANK) <= k).join(
        relevant, on=[c.USER_ID, c.MOVIE_ID], how="inner"
    )
    n_relevant = relevant.groupBy(c.USER_ID).agg(F.count(F.lit(1)).cast("int").alias(c.N_RELEVANT))
    return hits.transform(metrics_of_hits, n_relevant=n_relevant, k=k)


def metrics_of_hits(hits: DataFrame, *, n_relevant: DataFrame, k: int) -> DataFrame:
    """Return `user_metrics` from the hits alone: the relevant movies at ranks up to k.

    `n_relevant` has one row per user with a relevant movie: user_id, n_relevant.
    """
    hit_ranks = hits.groupBy(c.USER_ID).agg(F.sort_array(F.collect_list(c.RANK)).alias(_RANKS))
    ranks = F.coalesce(_RANKS, F.array().cast("array<int>"))
    ideal_length = F.least(F.col(c.N_RELEVANT), F.lit(k))
    return (
        n_relevant.join(hit_ranks, on=c.USER_ID, how="left")
        .withColumn(_RANKS, ranks)
        .select(
            c.USER_ID,
            c.N_RELEVANT,
            F.size(_RANKS).alias(c.N_HITS),
            (F.size(_RANKS) / F.lit(float(k))).alias(c.PRECISION),
            (_sum(_precisions(F.col(_RANKS))) / ideal_length).alias(c.MAP),
            (_dcg(F.col(_RANKS)) / _dcg(F.sequence(F.lit(1), ideal_length))).alias(c.NDCG),
            (F.size(_RANKS) / F.col(c.N_RELEVANT)).alias(c.RECALL),
        )
    )


def collect_means(metrics: DataFrame) -> dict[str, float]:
    """Return the mean of each metric over all rows, rounded to 9 digits; 0 without rows."""
    (row,) = metrics.agg(*(F.avg(name).alias(name) for name in c.METRICS)).collect()
    return {name: round(row[name] or 0.0, DIGITS) for name in c.METRICS}


def ranking_input(recommendations: DataFrame, *, relevant: DataFrame) -> DataFrame:
    """Return the input of Spark's RankingEvaluator: the list and the relevant movies of each user.

    Users without a relevant movie have no row. A user without recommendations has an empty list:
    an inner join would lose such users and overestimate the model.
    """
    movie = F.col(c.MOVIE_ID).cast("double").alias(c.MOVIE_ID)
    by_rank = F.sort_array(F.collect_list(F.struct(c.RANK, movie)))
    lists = recommendations.groupBy(c.USER_ID).agg(by_rank[c.MOVIE_ID].alias(_PREDICTION))
    labels = relevant.groupBy(c.USER_ID).agg(
        F.collect_list(F.col(c.MOVIE_ID).cast("double")).alias(_LABEL)
    )
    return labels.join(lists, on=c.USER_ID, how="left").select(
        c.USER_ID,
        _LABEL,
        F.coalesce(_PREDICTION, F.array().cast("array<double>")).alias(_PREDICTION),
    )


def ranked_hits(spark_input: DataFrame) -> DataFrame:
    """Return the relevant movies in the lists of a `ranking_input`, with their ranks.

    One row per (user, movie); `user_metrics` needs no other rows of the lists.
    """
    ranked = F.transform(
        _PREDICTION,
        lambda movie, index: F.struct(
            movie.cast("int").alias(c.MOVIE_ID), (index + 1).cast("int").alias(c.RANK)
        ),
    )
    hits = F.filter(
        ranked, lambda entry: F.array_contains(_LABEL, entry[c.MOVIE_ID].cast("double"))
    )
    return spark_input.select(c.USER_ID, F.explode(hits).alias("hit")).select(c.USER_ID, "hit.*")


def count_users_without_list(spark_input: DataFrame) -> int:
    """Return how many users of a `ranking_input` have no recommendation."""
    return spark_input.where(F.size(_PREDICTION) == 0).count()


def collect_ranking_metrics(lists: DataFrame, *, k: int) -> dict[str, float]:
    """Return Spark's own RankingMetrics at k over a `ranking_input`, rounded to 9 digits."""
    return {
        name: round(
            RankingEvaluator(
                predictionCol=_PREDICTION, labelCol=_LABEL, metricName=spark_name, k=k
            ).evaluate(lists),
            DIGITS,
        )
        for name, spark_name in _SPARK_NAMES.items()
    }


def _precisions(ranks: Column) -> Column:
    """Return the precision at each hit."""
    return F.transform(ranks, lambda rank, index: (index + 1) / rank)


def _dcg(ranks: Column) -> Column:
    return _sum(F.transform(ranks, lambda rank: 1.0 / F.log2(rank + 1.0)))


def _sum(numbers: Column) -> Column:
    """Return the sum of an array of doubles, added in the order of the array."""
    return F.aggregate(numbers, F.lit(0.0), lambda total, number: total + number)
