"""Which user is in which segment, in Spark's Python workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame

from movierec.data.columns import FACTORS, SEGMENT, USER_ID
from movierec.ranking.catalogue import factor_matrix
from movierec.segments.clustering import Singles
from movierec.segments.space import assign


def assign_users(user_factors: DataFrame, *, towards: Singles) -> DataFrame:
    """Return user_id and segment, from 1; null for users whose factors are all 0.

    `towards` [k, rank] are the directions of the segments.
    """

    def labels(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if not batch.num_rows:
                continue
            found = assign(factor_matrix(batch.column(1)), towards)
            segments = pa.array(found.astype("int32") + 1, mask=found < 0)
            yield pa.RecordBatch.from_arrays([batch.column(0), segments], [USER_ID, SEGMENT])

    schema = f"{USER_ID} int, {SEGMENT} int"
    return user_factors.select(USER_ID, FACTORS).mapInArrow(labels, schema)
