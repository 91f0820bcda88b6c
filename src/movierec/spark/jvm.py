"""What is asked of Spark's JVM that Spark has no Python API for."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def ask_jvm(spark: SparkSession, *calls: tuple[str, ...]) -> list[str | None]:
    """Return what static methods of the driver's JVM return, as text.

    Each call is a class, a method, and its arguments, all texts. Raises PySparkException for a
    class or method that is not there.
    """
    columns = (f"java_method({', '.join(map(repr, call))})" for call in calls)
    row = spark.sql(f"SELECT {', '.join(columns)}").first()
    assert row is not None  # a query without FROM has one row
    return [*row]


def let_go(spark: SparkSession) -> None:
    """Have Spark free what nothing refers to any more: cached blocks, shuffles and checkpoints.

    It does so as the JVM collects its garbage, which with a large heap may be hours away, and to
    which nothing belongs that Python's own uncollected garbage still names.
    """
    gc.collect()
    ask_jvm(spark, ("java.lang.System", "gc"))
