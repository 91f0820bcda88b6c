"""Collected arrays equal the columns of the frame."""

import numpy as np
import pytest
from pyspark.sql import functions as F

from movierec.data.arrays import collect_arrays

SCHEMA = "one int, two bigint, three float, four double, `a list` array<float>, lists array<double>"
DTYPES = [np.int32, np.int64, np.float32, np.float64, np.float32, np.float64]
ROWS = [
    (-1, 2**40, 0.1, 0.1, [1.5, 0.1], [0.25]),
    (2**31 - 1, -(2**63), -3.5, 1e300, [-2.0, 4.0], [0.1]),
    (7, 0, 0.0, -0.0, [0.0, 1e30], [1e-300]),
]


def test_each_column_is_one_array_of_its_type_with_lists_concatenated(spark):
    found = collect_arrays(spark.createDataFrame(ROWS, SCHEMA).coalesce(1))
    columns = list(zip(*ROWS, strict=True))
    wanted = [np.array(column).ravel() for column in columns]
    assert list(found) == ["one", "two", "three", "four", "a list", "lists"]
    for array, dtype, values in zip(found.values(), DTYPES, wanted, strict=True):
        assert array.dtype == dtype
        np.testing.assert_array_equal(array, values.astype(dtype))


def test_columns_have_the_same_row_order_over_many_partitions_and_batches(spark, set_property):
    frame = spark.range(500, numPartitions=3).select(
        "id", F.array(*(F.col("id") + n for n in (0.25, 0.5))).alias("lists")
    )
    set_property("spark.sql.execution.arrow.maxRecordsPerBatch", 64)
    found = collect_arrays(frame)
    assert found["id"].tolist() == list(range(500))
    wanted = np.arange(500)[:, None] + [0.25, 0.5]
    np.testing.assert_array_equal(found["lists"].reshape(-1, 2), wanted)


def test_an_empty_frame_gives_empty_arrays_of_its_types(spark):
    found = collect_arrays(spark.createDataFrame([], SCHEMA))
    assert [array.dtype for array in found.values()] == DTYPES
    assert [len(array) for array in found.values()] == [0] * len(DTYPES)


@pytest.mark.parametrize("kind", ["string", "boolean", "array<int>", "array<array<float>>"])
def test_a_type_without_an_array_is_refused(spark, kind):
    with pytest.raises(KeyError):
        collect_arrays(spark.createDataFrame([], f"one int, other {kind}"))


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("int", [(1,), (None,)]),
        ("array<float>", [([1.0],), (None,)]),
        ("array<float>", [([None],)]),
    ],
)
def test_a_null_is_refused(spark, kind, rows):
    with pytest.raises(ValueError, match="holds a null"):
        collect_arrays(spark.createDataFrame(rows, f"one {kind}"))
