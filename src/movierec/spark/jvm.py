"""Calls into Spark's JVM for which Spark has no Python API."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def call_static(spark: SparkSession, *calls: tuple[str, ...]) -> list[str | None]:
    """Call static methods in the driver's JVM and return their results as text.

    Each call is a class, a method, and its arguments, all strings. Raises PySparkException for an
    unknown class or method.
    """
    columns = (f"java_method({', '.join(map(repr, call))})" for call in calls)
    row = spark.sql(f"SELECT {', '.join(columns)}").first()
    assert row is not None  # a query without FROM has one row
    # Spark returns a null as this text
    return [None if text == "null" else text for text in row]


def free_unreferenced(spark: SparkSession) -> None:
    """Have Spark free cached blocks, shuffles and checkpoints that nothing refers to any more.

    Spark frees them when the JVM collects its garbage, which with a large heap may be hours later.
    Python's own garbage is collected first, as it still refers to objects in the JVM.
    """
    gc.collect()
    call_static(spark, ("java.lang.System", "gc"))
