"""Fit the winner to all ratings, save the model, and make everybody's list."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data import datasets
from movierec.data.columns import MOVIE_ID, RANK, SOURCE, USER_ID
from movierec.models.als import (
    AlsParams,
    Factors,
    factors_of,
    fit_model,
    load_model,
    with_block_counts,
    write_model,
)
from movierec.models.names import ALS, POPULARITY
from movierec.models.popularity import Variant
from movierec.models.recommenders import Recommenders
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.spark import blas
from movierec.stages import inputs
from movierec.tuning.search import Trial


def run(context: Context) -> None:
    """Write the model and the lists, and record the parameters and each source's users."""
    context.say(blas.describe(context.spark))
    config = with_block_counts(context.config, n_ratings=inputs.count_ratings(context))
    # nothing is held out
    config = replace(config, evaluation=replace(config.evaluation, candidates="unseen"))
    ratings = context.read(datasets.RATINGS)
    recommenders = Recommenders(train=ratings, heldout=ratings.limit(0), config=config)
    params = Trial.params_of(context.input(dag.TUNE).manifest.facts["winners"][ALS])
    als = _fitted(context, recommenders, params)
    winner = context.input(dag.POPULARITY).manifest.facts["winner"]
    popularity = recommenders.popularity_factors(Variant.of(winner))
    known = inputs.users_with_als(context, als.users, ratings=ratings).persist()
    others = popularity.users.join(known, on=USER_ID, how="left_anti")
    movies = context.read(datasets.MOVIES)

    def lists(source: str, users: DataFrame, scored: DataFrame) -> DataFrame:
        # a movie that left the catalogue has ratings, but no row
        listed = scored.join(movies, on=MOVIE_ID, how="left_semi")
        return recommenders.lists(Factors(users, listed)).withColumn(SOURCE, F.lit(source))

    with context.step("recommend"):
        of_als, of_others = (
            lists(ALS, known, als.movies),
            lists(POPULARITY, others, popularity.movies),
        )
        delivered = context.write(of_als.unionByName(of_others), datasets.DELIVERED)
    context.facts["params"] = asdict(params)
    context.facts["als_is_better"] = inputs.als_is_better(context)
    context.facts["users"] = collect_users_by_source(delivered)
    known.unpersist()
    recommenders.close()


def _fitted(context: Context, recommenders: Recommenders, params: AlsParams) -> Factors:
    """Fit ALS, save the model, and return its factors as they are read back."""
    with context.step("fit als"):
        model = fit_model(recommenders.train, params=params, config=recommenders.config)
        uri = context.attempt.write_directory(dag.ALS_MODEL, partial(write_model, model))
    return factors_of(load_model(context.spark, uri))


def collect_users_by_source(delivered: DataFrame) -> dict[str, int]:
    """Return how many users have a list of ALS, and how many the popularity list."""
    first = delivered.where(F.col(RANK) == 1).groupBy(SOURCE).count().collect()
    return dict.fromkeys((ALS, POPULARITY), 0) | {row[SOURCE]: row["count"] for row in first}
