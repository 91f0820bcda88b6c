"""What several stages read: training ratings, fitted factors, and which model is delivered."""

from __future__ import annotations

from functools import partial, reduce
from typing import Any

from pyspark.sql import DataFrame

from movierec.data import datasets
from movierec.data.datasets import Dataset
from movierec.models.als import Factors
from movierec.models.names import ALS, EASE, SEGMENT_POPULARITY
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.splitting.splits import TRAINING_SPLITS
from movierec.tuning.search import Trial

FactorDatasets = tuple[Dataset, Dataset]
"""Of user factors and of movie factors."""
TUNED_FACTORS: FactorDatasets = (datasets.TUNED_USER_FACTORS, datasets.TUNED_MOVIE_FACTORS)
FACTORS: FactorDatasets = (datasets.USER_FACTORS, datasets.MOVIE_FACTORS)


def read_training_ratings(context: Context, split: str) -> DataFrame:
    """Return the training ratings: train for validation, train and validation for test."""
    parts = [context.read(datasets.SPLIT_RATINGS, split=name) for name in TRAINING_SPLITS[split]]
    return reduce(DataFrame.unionByName, parts)


def count_ratings(context: Context) -> int:
    """Return the number of ratings of all splits together, as their stage recorded it."""
    return sum(context.input(dag.PARTITION).manifest.rows.values())


def write_factors(
    context: Context, factors: Factors, where: FactorDatasets, **keys: str
) -> Factors:
    """Write the factors of a model; return them as read back."""
    users, movies = where
    return Factors(
        users=context.write(factors.users, users, **keys),
        movies=context.write(factors.movies, movies, **keys),
    )


def read_factors(context: Context, where: FactorDatasets, **keys: str) -> Factors:
    """Return the factors that `write_factors` left in the result of another stage."""
    users, movies = where
    return Factors(users=context.read(users, **keys), movies=context.read(movies, **keys))


def read_lists(context: Context, model: str, split: str) -> DataFrame:
    """Return a model's lists, which its own stage has made."""
    if model == SEGMENT_POPULARITY:
        return context.read(datasets.SEGMENT_LISTS, split=split)
    return context.read(datasets.RECOMMENDATIONS, model=model, split=split)


def winner(context: Context, model: str) -> Any:
    """Return the parameters of a tuned model: `AlsParams`, or `EaseParams` of EASE."""
    return Trial.params_of(context.input(dag.TUNE).manifest.facts["winners"][model])


def delivered_model(context: Context) -> str:
    """Return the model that is delivered, als or ease: `deliver.model`.

    `best` is the one with the higher metric on validation.
    """
    chosen = context.config.deliver.model
    return max((ALS, EASE), key=partial(_on_validation, context)) if chosen == "best" else chosen


def beats_popularity(context: Context, model: str) -> bool:
    """Return whether the model did better than popularity on validation, or conf demands it.

    For a fair comparison popularity is measured on users with a training rating alone.
    """
    if context.config.deliver.model != "best":
        return True
    popularity = context.input(dag.POPULARITY).manifest.facts["of_known_users"]
    return _on_validation(context, model) > float(popularity[context.config.tuning.metric])


def _on_validation(context: Context, model: str) -> float:
    winners = context.input(dag.TUNE).manifest.facts["winners"]
    return float(winners[model][context.config.tuning.metric])
