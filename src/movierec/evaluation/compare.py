"""Measures every model on a held-out split and compares them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.config.schema import EvaluationConfig
from movierec.data.columns import METRICS, MOVIE_ID, USER_ID
from movierec.data.counts import count_ratings_by
from movierec.data.datasets import HITS, USER_METRICS, Dataset
from movierec.data.rounding import DIGITS, rounded
from movierec.errors import InputError
from movierec.evaluation.bootstrap import Bootstrap, collect_bootstrap
from movierec.evaluation.metrics import (
    collect_ranking_metrics,
    count_unrecommended,
    hits_of,
    ranking_input,
    relevant_movies,
    user_metrics,
)
from movierec.evaluation.strata import collect_movie_strata, collect_user_strata
from movierec.models import names as models

COMPARISONS: Final = (
    (models.ALS, models.POPULARITY),
    (models.ALS, models.ALS_EXPLICIT),
)
Write = Callable[[DataFrame, Dataset], DataFrame]
"""Writes a dataset and returns it as read back."""

# Ours and Spark's sums differ by rounding only.
_AGREEMENT = 1e-9


@dataclass(frozen=True)
class Judged:
    """One model's lists, measured on one split."""

    user_metrics: DataFrame
    hits: DataFrame
    """What of the lists was relevant."""
    means: dict[str, float]
    """By Spark's RankingMetrics."""
    unrecommended: int
    """Users with a relevant movie and no list."""
    recommended: int
    """Distinct movies in all lists."""


@dataclass(frozen=True)
class SplitEvaluation:
    """What was measured on one split, as it stands in summary.json."""

    models: dict[str, dict[str, Any]]
    comparison: dict[str, dict[str, Any]]
    users: dict[str, int]
    movies: dict[str, int]
    strata: dict[str, list[dict[str, Any]]]


def keep_relevant(heldout: DataFrame, *, relevant_rating: float, split: str) -> DataFrame:
    """Return `relevant_movies`, kept in memory. Raises InputError where there is none."""
    relevant = relevant_movies(heldout, relevant_rating=relevant_rating).persist()
    if relevant.isEmpty():
        relevant.unpersist()
        raise InputError(
            f"evaluation.relevant_rating: no rating in {split} is at least {relevant_rating:g}, so "
            "there is nothing to find: lower it"
        )
    return relevant


def collect_judged(lists: DataFrame, *, relevant: DataFrame, k: int, write: Write) -> Judged:
    """Return what is measured of one model's lists.

    The lists, a hundred rows a user, are shuffled once. What is small, the hits and the metrics by
    user, goes through `write`, which returns it as read back.
    """
    spark_input = ranking_input(lists, relevant=relevant).persist()
    hits = write(hits_of(spark_input), HITS)
    judged = Judged(
        user_metrics=write(
            user_metrics(hits, relevant=relevant, k=k), USER_METRICS
        ),
        hits=hits,
        means=collect_ranking_metrics(spark_input, k=k),
        unrecommended=count_unrecommended(spark_input),
        recommended=lists.select(MOVIE_ID).distinct().count(),
    )
    spark_input.unpersist()
    return judged


def collect_evaluation(
    judged: dict[str, Judged],
    *,
    known: DataFrame,
    heldout: DataFrame,
    relevant: DataFrame,
    config: EvaluationConfig,
) -> SplitEvaluation:
    """Return the evaluation of the judged models on the held-out ratings.

    The headline numbers are Spark's RankingMetrics; raises AssertionError where the mean of the
    user metrics is not the same.
    """
    user_metrics = {model: one.user_metrics for model, one in judged.items()}
    bootstrap = collect_bootstrap(
        _side_by_side(user_metrics), resamples=config.bootstrap, seed=config.seed
    )
    activity = count_ratings_by(known, key=USER_ID).persist()
    popularity = count_ratings_by(known, key=MOVIE_ID).persist()
    movies = _collect_movie_counts(popularity, relevant)
    evaluation = SplitEvaluation(
        models={
            model: {
                **_model(one, model, bootstrap, k=config.k),
                "coverage": round(one.recommended / max(1, movies["candidates"]), DIGITS),
            }
            for model, one in judged.items()
        },
        comparison={
            f"{one}_vs_{other}": _compared(bootstrap, one, other, config.k)
            for one, other in COMPARISONS
        },
        users=_collect_user_counts(activity, heldout, relevant),
        movies=movies,
        strata={
            "users_by_activity": collect_user_strata(
                user_metrics, activity=activity, groups=config.strata
            ),
            "movies_by_popularity": collect_movie_strata(
                {model: one.hits for model, one in judged.items()},
                relevant=relevant,
                popularity=popularity,
                groups=config.strata,
            ),
        },
    )
    for frame in (popularity, activity):
        frame.unpersist()
    return evaluation


def _side_by_side(user_metrics: dict[str, DataFrame]) -> DataFrame:
    """Return one row a user with a column for each model's metric, such as als__ndcg."""
    frames = [
        metrics.select(USER_ID, *(F.col(name).alias(_column(model, name)) for name in METRICS))
        for model, metrics in user_metrics.items()
    ]
    return reduce(lambda one, other: one.join(other, on=USER_ID, how="inner"), frames)


def _column(model: str, metric: str) -> str:
    return f"{model}__{metric}"


def _model(judged: Judged, model: str, bootstrap: Bootstrap, *, k: int) -> dict[str, Any]:
    for name in METRICS:
        own = bootstrap.means[bootstrap.columns.index(_column(model, name))]
        spark_s = judged.means[name]
        # The bootstrap's own rounding to 2^-30 comes on top.
        if abs(own - spark_s) > _AGREEMENT + 2.0**-30:
            raise AssertionError(f"{model} {name}: {own} by user, {spark_s} by RankingMetrics")
    return {
        **{f"{name}_at_{k}": judged.means[name] for name in METRICS},
        "users": bootstrap.users,
        "users_without_recommendations": judged.unrecommended,
        "ci95": {
            f"{name}_at_{k}": rounded(bootstrap.interval(_column(model, name))) for name in METRICS
        },
    }


def _compared(bootstrap: Bootstrap, one: str, other: str, k: int) -> dict[str, Any]:
    compared = {}
    for name in METRICS:
        difference = bootstrap.difference(_column(one, name), _column(other, name))
        compared[f"{name}_at_{k}"] = {
            "difference": round(difference.difference, DIGITS),
            "ci95": rounded(difference.interval),
            "p_value": round(difference.p_value, DIGITS),
        }
    return compared


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
