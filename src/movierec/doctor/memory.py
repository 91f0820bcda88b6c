"""Whether a machine's memory does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from movierec.doctor import estimates
from movierec.doctor.check_result import Finding, gib

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def judge_memory(*, heap: int, machine: int, cores: int, ratings: int) -> Finding:
    """Return whether a machine's memory and heap, in bytes, do for so many ratings."""
    heap_needed = estimates.heap_of(ratings)
    needed = heap_needed + cores * estimates.worker_of(ratings)
    found = (
        f"heap {gib(heap)} of {gib(machine)}; {ratings:,} ratings are known to do with a heap of "
        f"{gib(heap_needed)} and, with the Python workers of {cores} cores, {gib(needed)} in all"
    )
    if heap >= heap_needed and machine >= needed:
        return Finding("memory", "ok", found)
    return Finding(
        "memory",
        "warning",
        found,
        "take a machine with more memory, or a cluster (docs/dataproc.md), or a smaller archive",
    )


def memory_of(spark: SparkSession, key: str, default: str) -> int:
    """Return a property of Spark's that is an amount of memory, in bytes."""
    text = spark.sparkContext.getConf().get(key, default)
    assert spark._jvm is not None  # the session runs
    return int(spark._jvm.org.apache.spark.network.util.JavaUtils.byteStringAsMb(text)) << 20
