"""Factors of many users whose ratings came after the fit, in Spark's Python workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.config.schema import Config
from movierec.data.arrays import collect_arrays
from movierec.data.columns import FACTORS, MOVIE_ID, RATING, USER_ID
from movierec.data.schemas import USER_FACTORS, ddl
from movierec.models.als import AlsParams
from movierec.models.fold_in import feedback_values
from movierec.models.half_step import Rated, half_step

_RATED = "rated"


def fold_in_users(
    ratings: DataFrame, *, movie_factors: DataFrame, params: AlsParams, config: Config
) -> DataFrame:
    """Return user_id and factors of every user with a rating of a movie that has factors.

    They are what one half-step of ALS gives for the movie factors of a fit with `params`, so a
    user of the fit gets the factors of the fit, up to single precision. Who likes nothing, and
    whose ratings do not settle the factors, gets zeros. Runs Spark to collect the movie factors,
    which every worker gets.
    """
    arrays = collect_arrays(movie_factors.select(MOVIE_ID, FACTORS))
    order = np.argsort(arrays[MOVIE_ID])
    ids = arrays[MOVIE_ID][order]
    matrix = arrays[FACTORS].reshape(len(ids), -1)[order]
    solver = half_step(matrix, reg_param=params.reg_param, alpha=params.alpha)
    shared = ratings.sparkSession.sparkContext.broadcast((ids, solver))
    relevant_rating, pivot = config.evaluation.relevant_rating, config.tuning.pivot

    def factors(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        known, solver = shared.value
        for batch in batches:
            lists = batch.column(1)
            rated = lists.flatten()
            values = feedback_values(
                rated.field(1).to_numpy(),
                feedback=params.feedback,
                relevant_rating=relevant_rating,
                pivot=pivot,
            )
            solved = solver.solve(
                Rated(
                    np.cumsum([0, *pc.list_value_length(lists).to_numpy()]),
                    np.searchsorted(known, rated.field(0).to_numpy()).astype(np.int32),
                    values.astype(np.float32),
                )
            )
            solved[np.isnan(solved)] = 0.0
            yield pa.RecordBatch.from_arrays(
                [batch.column(0), pa.array(list(solved), pa.list_(pa.float32()))],
                names=USER_FACTORS.fieldNames(),
            )

    # in the order of the movies, so that sums do not depend on the partitions
    rated = F.sort_array(F.collect_list(F.struct(MOVIE_ID, RATING))).alias(_RATED)
    by_user = (
        ratings.join(movie_factors.select(MOVIE_ID), on=MOVIE_ID, how="left_semi")
        .groupBy(USER_ID)
        .agg(rated)
    )
    return by_user.mapInArrow(factors, ddl(USER_FACTORS))
