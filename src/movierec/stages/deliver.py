"""Fit the best model to all ratings, save it, and make everybody's list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import TypeAlias

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data import datasets
from movierec.data.columns import MOVIE_ID, RANK, SOURCE, USER_ID
from movierec.models.als import (
    Factors,
    factors_of,
    load_model,
    with_block_counts,
    write_model,
)
from movierec.models.als_engines import fit_model
from movierec.models.ease_lists import weights_frame
from movierec.models.names import ALS, EASE, POPULARITY
from movierec.models.popularity import Variant
from movierec.models.recommenders import Recommenders
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.spark import blas
from movierec.stages import inputs

MakeLists: TypeAlias = Callable[[DataFrame], DataFrame]
"""Returns the lists of the users in a frame."""


def run(context: Context) -> None:
    """Write the model and the lists, and record the parameters and each source's users."""
    context.say(blas.describe(context.spark))
    config = with_block_counts(context.config, n_ratings=inputs.count_ratings(context))
    # nothing is held out
    config = replace(config, evaluation=replace(config.evaluation, candidates="unseen"))
    ratings = context.read(datasets.RATINGS)
    recommenders = Recommenders(train=ratings, heldout=ratings.limit(0), config=config)
    # a movie that left the catalogue has ratings, but no row
    movies = context.read(datasets.MOVIES).select(MOVIE_ID)
    model = inputs.delivered_model(context)
    better = inputs.beats_popularity(context, model)
    known, lists_of = {ALS: _als, EASE: _ease}[model](context, recommenders, movies)
    known = (known if better else known.limit(0)).persist()
    winner = context.input(dag.POPULARITY).manifest.facts["winner"]
    popularity = recommenders.popularity_factors(Variant.of(winner))
    others = Factors(
        users=popularity.users.join(known, on=USER_ID, how="left_anti"),
        movies=popularity.movies.join(movies, on=MOVIE_ID, how="left_semi"),
    )
    of_known = lists_of(known).withColumn(SOURCE, F.lit(model))
    of_others = recommenders.lists(others).withColumn(SOURCE, F.lit(POPULARITY))
    with context.step("recommend"):
        delivered = context.write(of_known.unionByName(of_others), datasets.DELIVERED)
    context.facts["model"] = model
    context.facts["params"] = asdict(inputs.winner(context, model))
    context.facts["beats_popularity"] = better
    context.facts["users"] = collect_users_by_source(delivered, model=model)
    known.unpersist()
    recommenders.close()


def _als(
    context: Context, recommenders: Recommenders, movies: DataFrame
) -> tuple[DataFrame, MakeLists]:
    """Fit and save ALS; return the users whom it knows, and what makes lists of the movies."""
    with context.step("fit als"):
        params, config = inputs.winner(context, ALS), recommenders.config
        model = fit_model(recommenders.train, params=params, config=config)
        uri = context.attempt.write_directory(dag.ALS_MODEL, partial(write_model, model))
    factors = factors_of(load_model(context.spark, uri))
    listed = factors.movies.join(movies, on=MOVIE_ID, how="left_semi")

    def lists_of(users: DataFrame) -> DataFrame:
        return recommenders.lists(Factors(users, listed))

    return recommenders.als_users(factors), lists_of


def _ease(
    context: Context, recommenders: Recommenders, movies: DataFrame
) -> tuple[DataFrame, MakeLists]:
    """Fit and save EASE; return the users whom it knows, and what makes lists of the movies."""
    with context.step("fit ease"):
        ease = recommenders.fit_ease(inputs.winner(context, EASE))
        shared = recommenders.share_ease(ease, listed=movies)
        context.write(weights_frame(context.spark, shared), datasets.EASE_WEIGHTS)
    return recommenders.ease_users(ease), partial(recommenders.ease_lists, shared)


def collect_users_by_source(delivered: DataFrame, *, model: str) -> dict[str, int]:
    """Return how many users have a list of the model, and how many the popularity list."""
    first = delivered.where(F.col(RANK) == 1).groupBy(SOURCE).count().collect()
    return dict.fromkeys((model, POPULARITY), 0) | {row[SOURCE]: row["count"] for row in first}
