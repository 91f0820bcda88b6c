"""Fits ALS by Spark or by the suite's own engine, which minimise the same loss."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.config.schema import Config, Engine, Feedback
from movierec.data.arrays import collect_arrays
from movierec.data.columns import FACTORS, MOVIE_ID, USER_ID
from movierec.data.schemas import MOVIE_FACTORS, USER_FACTORS
from movierec.errors import SingularFitError
from movierec.models.als import (
    VALUE,
    AlsParams,
    Factors,
    Model,
    als_input,
    als_values,
    factors_of,
    fit_als,
    model_of,
    no_single_solution,
)
from movierec.models.als_blocks import BlockedRatings, factors_frame
from movierec.models.half_step import Singles


class Fits(Protocol):
    """Fits of ALS to the same ratings with the same feedback. Close it to free its memory."""

    def fit(self, params: AlsParams) -> Model:
        """Fit ALS. Raises SingularFitError where some factor has no single solution."""

    def close(self) -> None:
        """Free the memory. A model that is fitted stays."""


def fits(ratings: DataFrame, *, feedback: Feedback | None, config: Config, engine: Engine) -> Fits:
    """Return what fits ALS to the ratings; both engines start from the same factors."""
    kind = BlockFits if engine == "blocks" else SparkFits
    return kind(ratings, feedback=feedback, config=config)


def fit_factors(ratings: DataFrame, *, params: AlsParams, config: Config) -> Factors:
    """Fit ALS to ratings and return its factors. Raises SingularFitError as `Fits.fit` does."""
    return factors_of(fit_model(ratings, params=params, config=config))


def fit_model(ratings: DataFrame, *, params: AlsParams, config: Config) -> Model:
    """Fit ALS to ratings by the config's engine. Raises SingularFitError as `Fits.fit` does."""
    if config.als.engine == "spark":
        # a single fit reads its values once
        values = als_values(ratings, feedback=params.feedback, config=config)
        return fit_als(values, params=params, config=config.als)
    fitting = BlockFits(ratings, feedback=params.feedback, config=config)
    try:
        return fitting.fit(params)
    finally:
        fitting.close()


class SparkFits:
    """Fits by Spark's ALS."""

    def __init__(self, ratings: DataFrame, *, feedback: Feedback | None, config: Config) -> None:
        """Keep `als_values` in memory."""
        self._values = als_values(ratings, feedback=feedback, config=config).persist()
        self._config = config.als

    def fit(self, params: AlsParams) -> Model:
        """See Fits."""
        return fit_als(self._values, params=params, config=self._config)

    def close(self) -> None:
        """See Fits."""
        self._values.unpersist()


class BlockFits:
    """Fits by `BlockedRatings`."""

    def __init__(self, ratings: DataFrame, *, feedback: Feedback | None, config: Config) -> None:
        """Group the ratings."""
        self._spark = ratings.sparkSession
        self._values = ratings.transform(
            als_input,
            feedback=feedback,
            relevant_rating=config.evaluation.relevant_rating,
            pivot=config.tuning.pivot,
        )
        self._ratings = BlockedRatings(self._values, value=VALUE)
        self._config = config.als
        self._start: dict[int, Singles] = {}
        """Initial factors of the users, by rank."""

    def fit(self, params: AlsParams) -> Model:
        """See Fits. Raises InputError beyond the size that the engine can hold."""
        ratings = self._ratings
        ratings.check_size(params.rank)
        if params.rank not in self._start:
            self._start = {params.rank: self._initial_factors(params.rank)}
        try:
            users, movies = ratings.fit(
                self._start[params.rank],
                iterations=self._config.max_iter,
                reg_param=params.reg_param,
                alpha=params.alpha,
            )
        except SingularFitError:
            raise no_single_solution(params) from None
        return model_of(
            factors_frame(self._spark, ratings.user_ids, users, USER_FACTORS),
            factors_frame(self._spark, ratings.movie_ids, movies, MOVIE_FACTORS),
            rank=params.rank,
        )

    def close(self) -> None:
        """See Fits."""
        self._ratings.close()

    def _initial_factors(self, rank: int) -> Singles:
        """Return the factors [n, rank] with which Spark's ALS starts: those after no iteration."""
        users = self._values.select(USER_ID).distinct()
        one = F.lit(1.0).cast("float").alias(VALUE)
        values = users.select(USER_ID, F.lit(0).alias(MOVIE_ID), one)
        params = AlsParams(rank=rank, reg_param=0.0, alpha=1.0, feedback="rating")
        model = fit_als(values, params=params, config=replace(self._config, max_iter=0))
        found = collect_arrays(factors_of(model).users)
        factors = found[FACTORS].reshape(-1, rank)
        ordered: Singles = factors[np.argsort(found[USER_ID])]
        return ordered
