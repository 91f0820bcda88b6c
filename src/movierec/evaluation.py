"""Measures every model on a held-out split and compares them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec import models
from movierec.bootstrap import Bootstrap, collect_bootstrap
from movierec.columns import MODEL, MOVIE_ID, USER_ID
from movierec.config import EvaluationConfig
from movierec.errors import InputError
from movierec.metrics import (
    DIGITS,
    METRICS,
    collect_ranking_metrics,
    ranking_input,
    relevant_movies,
)
from movierec.strata import collect_movie_strata, collect_user_strata, ratings_per

COMPARISONS: Final = (
    (models.ALS, models.POPULARITY),
    (models.ALS, models.ALS_EXPLICIT),
)
# Ours and Spark's sums differ by rounding only.
_AGREEMENT = 1e-9


@dataclass(frozen=True)
class SplitEvaluation:
    """What was measured on one split, as it stands in summary.json."""

    models: dict[str, dict[str, Any]]
    comparison: dict[str, dict[str, Any]]
    users: dict[str, int]
    movies: dict[str, int]
    strata: dict[str, list[dict[str, Any]]]


def collect_evaluation(
    lists: dict[str, DataFrame],
    *,
    user_metrics: dict[str, DataFrame],
    known: DataFrame,
    heldout: DataFrame,
    config: EvaluationConfig,
) -> SplitEvaluation:
    """Return the evaluation of the models' lists on the held-out ratings.

    `user_metrics` holds each model's metrics by user, for the same users. The headline numbers
    are Spark's RankingMetrics; raises AssertionError where the mean of the user metrics is not
    the same, InputError where no held-out rating is relevant.
    """
    relevant = relevant_movies(heldout, relevant_rating=config.relevant_rating).persist()
    if relevant.isEmpty():
        raise InputError(
            "evaluation.relevant_rating: no held-out rating of a split is at least "
            f"{config.relevant_rating:g}; there is nothing to find"
        )
    bootstrap = collect_bootstrap(
        _side_by_side(user_metrics), resamples=config.bootstrap, seed=config.seed
    )
    activity = ratings_per(known, key=USER_ID).persist()
    popularity = ratings_per(known, key=MOVIE_ID).persist()
    coverage = _collect_coverage(_stacked(lists), popularity)
    evaluation = SplitEvaluation(
        models={
            model: {
                **_collect_model(lists[model], model, bootstrap, relevant, config),
                "coverage": coverage.get(model, 0.0),
            }
            for model in lists
        },
        comparison={
            f"{one}_vs_{other}": _compared(bootstrap, one, other, config.k)
            for one, other in COMPARISONS
        },
        users=_collect_user_counts(activity, heldout, relevant),
        movies=_collect_movie_counts(popularity, relevant),
        strata={
            "users_by_activity": collect_user_strata(
                _stacked(user_metrics), activity=activity, groups=config.strata
            ),
            "movies_by_popularity": collect_movie_strata(
                _stacked(lists),
                relevant=relevant,
                popularity=popularity,
                groups=config.strata,
                k=config.k,
            ),
        },
    )
    for frame in (popularity, activity, relevant):
        frame.unpersist()
    return evaluation


def _stacked(frames: dict[str, DataFrame]) -> DataFrame:
    """Return the rows of all models' frames with a column that names the model."""
    labelled = [frame.withColumn(MODEL, F.lit(model)) for model, frame in frames.items()]
    return reduce(DataFrame.unionByName, labelled)


def _collect_coverage(lists: DataFrame, popularity: DataFrame) -> dict[str, float]:
    """Return the share of the candidates that stand in any list, by model."""
    recommended = lists.groupBy(MODEL).agg(F.count_distinct(MOVIE_ID).alias("movies")).collect()
    candidates = popularity.count()
    return {row[MODEL]: round(row["movies"] / candidates, DIGITS) for row in recommended}


def _side_by_side(user_metrics: dict[str, DataFrame]) -> DataFrame:
    """Return one row a user with a column for each model's metric, such as als.ndcg."""
    frames = [
        metrics.select(USER_ID, *(F.col(name).alias(_column(model, name)) for name in METRICS))
        for model, metrics in user_metrics.items()
    ]
    return reduce(lambda one, other: one.join(other, on=USER_ID, how="inner"), frames)


def _column(model: str, metric: str) -> str:
    return f"{model}__{metric}"


def _collect_model(
    lists: DataFrame,
    model: str,
    bootstrap: Bootstrap,
    relevant: DataFrame,
    config: EvaluationConfig,
) -> dict[str, Any]:
    spark_input = ranking_input(lists, relevant=relevant).persist()
    means = collect_ranking_metrics(spark_input, k=config.k)
    unrecommended = spark_input.where(F.size("prediction") == 0).count()
    spark_input.unpersist()
    for name in METRICS:
        own = bootstrap.means[bootstrap.columns.index(_column(model, name))]
        # The bootstrap's own rounding to 2^-30 comes on top.
        if abs(own - means[name]) > _AGREEMENT + 2.0**-30:
            raise AssertionError(f"{model} {name}: {own} by user, {means[name]} by RankingMetrics")
    return {
        **{f"{name}_at_{config.k}": means[name] for name in METRICS},
        "users": bootstrap.users,
        "users_without_recommendations": unrecommended,
        "ci95": {
            f"{name}_at_{config.k}": _rounded(bootstrap.interval(_column(model, name)))
            for name in METRICS
        },
    }


def _compared(bootstrap: Bootstrap, one: str, other: str, k: int) -> dict[str, Any]:
    compared = {}
    for name in METRICS:
        difference = bootstrap.difference(_column(one, name), _column(other, name))
        compared[f"{name}_at_{k}"] = {
            "difference": round(difference.difference, DIGITS),
            "ci95": _rounded(difference.interval),
            "p_value": round(difference.p_value, DIGITS),
        }
    return compared


def _rounded(interval: tuple[float, float]) -> list[float]:
    return [round(end, DIGITS) for end in interval]


def _collect_user_counts(
    activity: DataFrame, heldout: DataFrame, relevant: DataFrame
) -> dict[str, int]:
    """Return how many users are judged, and how many are left out and why."""
    held_out = heldout.select(USER_ID).distinct()
    with_relevant = relevant.select(USER_ID).distinct()
    everybody = activity.select(USER_ID).unionByName(held_out).distinct()
    n_held_out, n_evaluated = held_out.count(), with_relevant.count()
    n_everybody = everybody.count()
    return {
        "all": n_everybody,
        "evaluated": n_evaluated,
        "left_out_without_heldout_rating": n_everybody - n_held_out,
        "left_out_without_relevant_movie": n_held_out - n_evaluated,
        "evaluated_but_cold": with_relevant.join(activity, on=USER_ID, how="left_anti").count(),
    }


def _collect_movie_counts(popularity: DataFrame, relevant: DataFrame) -> dict[str, int]:
    return {
        "candidates": popularity.count(),
        "relevant_pairs": relevant.count(),
        "relevant_pairs_outside_candidates": relevant.join(
            popularity, on=MOVIE_ID, how="left_anti"
        ).count(),
    }
