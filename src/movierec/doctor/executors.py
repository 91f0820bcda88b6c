"""Whether a cluster's executors are there, fit into YARN, and do for the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from movierec.doctor import estimates
from movierec.doctor.check_result import Finding, gib
from movierec.doctor.memory import memory_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LARGEST_CONTAINER: Final = "yarn.scheduler.maximum-allocation-mb"
_PROPERTIES: Final = "in the properties of conf/cluster.yaml"


@dataclass(frozen=True, kw_only=True)
class Executors:
    """The executors of a cluster, as Spark was told to have them."""

    registered: int
    requested: int | None
    """None where they come and go by dynamic allocation."""
    cores: int
    """Of one, as the next three are."""
    heap: int
    """Bytes."""
    overhead: int
    """Bytes beside the heap, for Python workers and the JVM itself."""
    largest: int | None
    """Bytes that YARN gives to one container, where it says so."""


def read_executors(spark: SparkSession) -> Executors:
    """Return what a session on a cluster has of executors, or was told to have."""
    context = spark.sparkContext
    conf, java = context.getConf(), context._jsc
    registered = java.sc().getExecutorMemoryStatus().size() - 1  # without the driver
    heap = memory_of(spark, "spark.executor.memory", "1g")
    share = float(conf.get("spark.executor.memoryOverheadFactor", "0.1"))
    usual = max(384 << 20, int(heap * share))
    overhead = memory_of(spark, "spark.executor.memoryOverhead", f"{usual >> 20}m")
    cores = int(conf.get("spark.executor.cores", str(context.defaultParallelism // registered)))
    dynamic = conf.get("spark.dynamicAllocation.enabled", "false") == "true"
    requested = conf.get("spark.executor.instances")
    largest = java.hadoopConfiguration().get(_LARGEST_CONTAINER)
    return Executors(
        registered=registered,
        requested=None if dynamic or requested is None else int(requested),
        cores=cores,
        heap=heap,
        overhead=overhead + memory_of(spark, "spark.executor.pyspark.memory", "0"),
        largest=None if largest is None else int(largest) << 20,
    )


def judge_number(executors: Executors) -> Finding:
    """Return whether as many are registered as were asked for."""
    requested = executors.requested
    asked = "as many as there is work, by dynamic allocation" if requested is None else requested
    found = f"{executors.registered} registered, of {executors.cores} cores each; asked: {asked}"
    if requested is None or executors.registered >= requested:
        return Finding("executors", "ok", found)
    return Finding(
        "executors",
        "warning",
        found,
        "wait for other jobs to end, or add workers to conf/cluster.yaml (yarn node -list -all)",
    )


def judge_container(executors: Executors) -> Finding:
    """Return whether YARN gives containers as large as an executor."""
    size, largest = executors.heap + executors.overhead, executors.largest
    found = f"an executor is {gib(executors.heap)} of heap and {gib(executors.overhead)} beside it"
    if largest is None:
        return Finding("container", "ok", f"{found}; what YARN allows is not told")
    found += f", {gib(size)} of the {gib(largest)} that YARN allows"
    if size <= largest:
        return Finding("container", "ok", found)
    return Finding(
        "container",
        "error",
        found,
        f"lower spark:spark.executor.memory {_PROPERTIES}, or take a larger machine_type",
    )


def judge_heaps(executors: Executors, *, ratings: int) -> Finding:
    """Return whether the heaps together do for so many ratings."""
    has, needed = executors.registered * executors.heap, estimates.heap_of(ratings)
    found = f"{gib(has)} in all; {ratings:,} ratings are known to do with {gib(needed)} in one"
    if has >= needed:
        return Finding("heaps", "ok", found)
    cure = f"add workers to conf/cluster.yaml, or raise spark:spark.executor.memory {_PROPERTIES}"
    return Finding("heaps", "warning", found, cure)


def judge_overhead(executors: Executors, *, ratings: int) -> Finding:
    """Return whether Python workers have room beside the heap with so many ratings."""
    has, needed = executors.overhead // executors.cores, estimates.worker_of(ratings)
    found = (
        f"{gib(has)} beside the heap for a task; with {ratings:,} ratings its Python worker was "
        f"seen to hold up to {gib(needed)}"
    )
    if has >= needed:
        return Finding("overhead", "ok", found)
    wanted = -(-executors.cores * needed >> 30)
    return Finding(
        "overhead",
        "warning",
        f"{found}, and YARN ends containers that hold more than theirs",
        f'set spark:spark.executor.memoryOverhead: "{wanted}g" {_PROPERTIES}, and lower '
        "spark:spark.executor.memory by as much",
    )
