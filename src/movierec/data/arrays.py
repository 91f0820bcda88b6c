"""Collects columns of numbers as arrays, 1,000 times cheaper than as rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_DTYPES: Final[dict[str, Any]] = {
    "int": np.int32,
    "bigint": np.int64,
    "float": np.float32,
    "double": np.float64,
    "array<float>": np.float32,
    "array<double>": np.float64,
}


def collect_arrays(frame: DataFrame) -> dict[str, npt.NDArray[Any]]:
    """Return each column as one array, rows in the order of Spark's partitions.

    Columns may hold integers, floats, doubles, or lists of floats or doubles, which are
    concatenated. Raises KeyError for other types, ValueError for a null.
    """
    dtypes = {name: _DTYPES[kind] for name, kind in frame.dtypes}
    # toArrow is public, but not in PySpark 3.5; mapInArrow would start Python workers
    batches: list[pa.RecordBatch] = frame._collect_as_arrow()  # type: ignore[operator]
    return {
        name: np.concatenate([np.empty(0, dtype), *(_numbers(one.column(at)) for one in batches)])
        for at, (name, dtype) in enumerate(dtypes.items())
    }


def _numbers(column: pa.Array) -> npt.NDArray[Any]:
    """Return the column's numbers, its lists concatenated. Raises ValueError for a null."""
    values = column.flatten() if pa.types.is_list(column.type) else column
    if column.null_count or values.null_count:
        raise ValueError("a column of numbers holds a null")
    numbers: npt.NDArray[Any] = values.to_numpy(zero_copy_only=False)
    return numbers
