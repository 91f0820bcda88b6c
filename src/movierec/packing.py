"""Columns of numbers brought to the driver as arrays, a thousand times cheaper than as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame

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

    For integers, floats, doubles, and equally long lists of them, which come one after another.
    Raises KeyError for other types, and for nulls whatever numpy says of them.
    """
    dtypes = {name: _DTYPES[kind] for name, kind in frame.dtypes}

    def pack(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            values = (
                column.flatten() if pa.types.is_list(column.type) else column
                for column in batch.columns
            )
            packed = [
                pa.array([np.asarray(one.to_numpy(zero_copy_only=False), dtype).tobytes()])
                for one, dtype in zip(values, dtypes.values(), strict=True)
            ]
            yield pa.RecordBatch.from_arrays(packed, names=list(dtypes))

    parts = frame.mapInArrow(pack, ", ".join(f"`{name}` binary" for name in dtypes)).collect()
    return {
        name: np.frombuffer(b"".join(part[name] for part in parts), dtype)
        for name, dtype in dtypes.items()
    }
