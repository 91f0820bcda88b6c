"""What several stages read: training ratings, fitted factors, and who gets a list of ALS."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame

from movierec.data import datasets
from movierec.data.datasets import Dataset
from movierec.models.als import Factors
from movierec.models.fallback import known_users
from movierec.models.names import ALS, SEGMENT_POPULARITY
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.splitting.splits import TRAINING_SPLITS

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


def users_with_als(context: Context, user_factors: DataFrame, *, ratings: DataFrame) -> DataFrame:
    """Keep the factors of the users who get a list of ALS: `known_users`, if ALS is worth it.

    Nobody does if popularity did at least as well for users with a training rating, on validation.
    """
    known = known_users(
        user_factors, ratings=ratings, min_ratings=context.config.deliver.min_ratings
    )
    return known if als_is_better(context) else known.limit(0)


def als_is_better(context: Context) -> bool:
    """Return whether ALS beat popularity on validation, for users with a training rating."""
    metric = context.config.tuning.metric
    als = context.input(dag.TUNE).manifest.facts["winners"][ALS]
    popularity = context.input(dag.POPULARITY).manifest.facts["of_known_users"]
    return bool(als[metric] > popularity[metric])
