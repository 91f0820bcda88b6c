"""Calls into Spark's JVM for which Spark has no Python API."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


_OF_TASKS: Final = ("executor.Executor", "scheduler.TaskSetManager")


@contextmanager
def quiet_tasks(spark: SparkSession) -> Iterator[None]:
    """Keep Spark from printing the stack traces of tasks that fail in the block.

    The error of the whole job is raised all the same.
    """
    jvm: Any = spark._jvm
    levels = jvm.org.apache.logging.log4j.Level
    configurator = jvm.org.apache.logging.log4j.core.config.Configurator
    names = [f"org.apache.spark.{name}" for name in _OF_TASKS]
    before = {
        name: jvm.org.apache.logging.log4j.LogManager.getLogger(name).getLevel() for name in names
    }
    try:
        for name in names:
            configurator.setLevel(name, levels.OFF)
        yield
    finally:
        for name, level in before.items():
            configurator.setLevel(name, level)


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
