"""Datasets that several stages read: training ratings and fitted factors."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame

from movierec.data import datasets
from movierec.data.datasets import Dataset
from movierec.models.als import Factors
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
