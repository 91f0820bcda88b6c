"""Measures every model on a held-out split and compares them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.config.schema import EvaluationConfig
from movierec.data.columns import METRICS, MOVIE_ID, N_RELEVANT, NDCG, USER_ID
from movierec.data.counts import count_ratings_by
from movierec.data.datasets import HITS, USER_METRICS, Dataset
from movierec.data.rounding import DIGITS
from movierec.errors import InputError
from movierec.evaluation.bootstrap import Bootstrap, collect_bootstrap
from movierec.evaluation.metrics import (
    collect_ranking_metrics,
    count_users_without_list,
    ranked_hits,
    ranking_input,
    relevant_movies,
    user_metrics,
)
from movierec.evaluation.strata import collect_movie_strata, collect_user_strata
from movierec.models import names as models
from movierec.splitting.splits import keep_cold

COMPARISONS: Final = (
    (models.ALS, models.POPULARITY),
    (models.ALS, models.ALS_EXPLICIT),
    (models.EASE, models.POPULARITY),
    (models.EASE, models.ALS),
)
Write = Callable[[DataFrame, Dataset], DataFrame]
"""Writes a dataset and returns it as read back."""

_SEGMENT_MODELS: Final = (models.SEGMENT_POPULARITY, models.POPULARITY, models.ALS)
# Our sums and Spark's differ by rounding only.
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class ModelMetrics:
    """The measurements of one model's lists on one split."""

    user_metrics: DataFrame
    hits: DataFrame
    """The relevant movies in the lists."""
    means: dict[str, float]
    """By Spark's RankingMetrics."""
    users_without_list: int
    """Users with a relevant movie and no list."""
    recommended_movies: int
    """Distinct movies in all lists."""


@dataclass(frozen=True)
class SplitEvaluation:
    """The measurements on one split, as published in summary.json."""

    models: dict[str, dict[str, Any]]
    comparison: dict[str, dict[str, Any]]
    users: dict[str, int]
    movies: dict[str, int]
    strata: dict[str, list[dict[str, Any]]]
    segment_lift: dict[str, Any]
    """How many times as high NDCG is with the lists of segments as with popularity."""


def cache_relevant_movies(heldout: DataFrame, *, relevant_rating: float, split: str) -> DataFrame:
    """Return `relevant_movies`, kept in memory. Raises InputError if there are none."""
    relevant = relevant_movies(heldout, relevant_rating=relevant_rating).persist()
    if relevant.isEmpty():
        relevant.unpersist()
        raise InputError(
            f"evaluation.relevant_rating: no rating in {split} is at least {relevant_rating:g}, so "
            "there is nothing to find: lower it"
        )
    return relevant


def collect_model_metrics(
    lists: DataFrame, *, relevant: DataFrame, k: int, write: Write
) -> ModelMetrics:
    """Return the metrics of one model's lists.

    The lists, a hundred rows per user, are shuffled once. The small results, hits and metrics by
    user, are written by `write`, which returns them as read back.
    """
    spark_input = ranking_input(lists, relevant=relevant).persist()
    hits = write(ranked_hits(spark_input), HITS)
    metrics = ModelMetrics(
        user_metrics=write(user_metrics(hits, relevant=relevant, k=k), USER_METRICS),
        hits=hits,
        means=collect_ranking_metrics(spark_input, k=k),
        users_without_list=count_users_without_list(spark_input),
        recommended_movies=lists.select(MOVIE_ID).distinct().count(),
    )
    spark_input.unpersist()
    return metrics


def collect_evaluation(
    model_metrics: dict[str, ModelMetrics],
    *,
    train: DataFrame,
    heldout: DataFrame,
    relevant: DataFrame,
    config: EvaluationConfig,
    comparisons: Sequence[tuple[str, str]] = COMPARISONS,
) -> SplitEvaluation:
    """Return the evaluation of the models on the held-out ratings, with these paired differences.

    The headline numbers are those of Spark's RankingMetrics. Raises AssertionError if the means
    of the user metrics differ from them.
    """
    user_metrics = {model: metrics.user_metrics for model, metrics in model_metrics.items()}
    bootstrap = collect_bootstrap(
        _join_metrics(user_metrics), resamples=config.bootstrap, seed=config.seed
    )
    activity = count_ratings_by(train, key=USER_ID).persist()
    popularity = count_ratings_by(train, key=MOVIE_ID).persist()
    movies = _collect_movie_counts(popularity, relevant)
    evaluation = SplitEvaluation(
        models={
            model: {
                **_summarize(metrics, model, bootstrap, k=config.k),
                "coverage": round(
                    metrics.recommended_movies / max(1, movies["candidates"]), DIGITS
                ),
            }
            for model, metrics in model_metrics.items()
        },
        comparison={
            f"{one}_vs_{other}": _compare(bootstrap, one, other, config.k)
            for one, other in comparisons
        },
        users=_collect_user_counts(activity, heldout, relevant),
        movies=movies,
        strata={
            "users_by_activity": collect_user_strata(
                user_metrics, activity=activity, groups=config.strata
            ),
            "movies_by_popularity": collect_movie_strata(
                {model: metrics.hits for model, metrics in model_metrics.items()},
                relevant=relevant,
                popularity=popularity,
                groups=config.strata,
            ),
        },
        segment_lift=_segment_lift(bootstrap),
    )
    for frame in (popularity, activity):
        frame.unpersist()
    return evaluation


def collect_difference(
    one: DataFrame, other: DataFrame, *, config: EvaluationConfig
) -> dict[str, dict[str, Any]]:
    """Return both means and the paired difference of each metric, from metrics of equal users.

    Raises ValueError where the users, or their numbers of relevant movies, differ.
    """
    keys = [USER_ID, N_RELEVANT]
    alone = one.select(keys).exceptAll(other.select(keys)).count()
    alone += other.select(keys).exceptAll(one.select(keys)).count()
    if alone:
        raise ValueError(f"{alone} users with other relevant movies")
    bootstrap = collect_bootstrap(
        _join_metrics({"one": one, "other": other}), resamples=config.bootstrap, seed=config.seed
    )
    differences = _compare(bootstrap, "one", "other", config.k)
    for name in METRICS:
        for model in ("one", "other"):
            mean = bootstrap.means[bootstrap.columns.index(_column(model, name))]
            differences[f"{name}_at_{config.k}"][model] = round(float(mean), DIGITS)
    return differences


def _join_metrics(user_metrics: dict[str, DataFrame]) -> DataFrame:
    """Return one row per user with a column for each metric of each model, such as als__ndcg."""
    frames = [
        metrics.select(USER_ID, *(F.col(name).alias(_column(model, name)) for name in METRICS))
        for model, metrics in user_metrics.items()
    ]
    return reduce(lambda one, other: one.join(other, on=USER_ID, how="inner"), frames)


def _column(model: str, metric: str) -> str:
    return f"{model}__{metric}"


def _summarize(
    metrics: ModelMetrics, model: str, bootstrap: Bootstrap, *, k: int
) -> dict[str, Any]:
    for name in METRICS:
        ours = bootstrap.means[bootstrap.columns.index(_column(model, name))]
        sparks = metrics.means[name]
        # The bootstrap also rounds values, to 2^-30.
        if abs(ours - sparks) > _TOLERANCE + 2.0**-30:
            raise AssertionError(f"{model} {name}: {ours} by user, {sparks} by RankingMetrics")
    return {
        **{f"{name}_at_{k}": metrics.means[name] for name in METRICS},
        "users": bootstrap.users,
        "users_without_recommendations": metrics.users_without_list,
        "ci95": {f"{name}_at_{k}": bootstrap.interval(_column(model, name)) for name in METRICS},
    }


def _compare(bootstrap: Bootstrap, one: str, other: str, k: int) -> dict[str, Any]:
    return {
        f"{name}_at_{k}": bootstrap.difference(_column(one, name), _column(other, name))
        for name in METRICS
    }


def _segment_lift(bootstrap: Bootstrap) -> dict[str, Any]:
    """Return the ratio to popularity, and the share of the gap from there to ALS that it closes.

    Nothing without lists of segments; the share is None unless ALS is better than popularity.
    """
    columns = [_column(model, NDCG) for model in _SEGMENT_MODELS]
    if not {*columns} <= {*bootstrap.columns}:
        return {}
    segment, popularity, als = (
        float(bootstrap.means[bootstrap.columns.index(one)]) for one in columns
    )
    gap = als - popularity
    closed = round((segment - popularity) / gap, DIGITS) if gap > 0 else None
    return {**bootstrap.ratio(columns[0], columns[1]), "gap_closed": closed}


def _collect_user_counts(
    activity: DataFrame, heldout: DataFrame, relevant: DataFrame
) -> dict[str, int]:
    """Return how many users are evaluated, and how many are left out for which reason."""
    held_out = heldout.select(USER_ID).distinct()
    with_relevant = relevant.select(USER_ID).distinct()
    all_users = activity.select(USER_ID).unionByName(held_out).distinct()
    n_held_out, n_evaluated = held_out.count(), with_relevant.count()
    n_all = all_users.count()
    return {
        "all": n_all,
        "evaluated": n_evaluated,
        "left_out_without_heldout_rating": n_all - n_held_out,
        "left_out_without_relevant_movie": n_held_out - n_evaluated,
        "evaluated_but_cold": with_relevant.transform(
            keep_cold, train=activity, key=USER_ID
        ).count(),
    }


def _collect_movie_counts(popularity: DataFrame, relevant: DataFrame) -> dict[str, int]:
    return {
        "candidates": popularity.count(),
        "relevant_pairs": relevant.count(),
        "relevant_pairs_outside_candidates": relevant.transform(
            keep_cold, train=popularity, key=MOVIE_ID
        ).count(),
    }
