"""Checks of memory for the data: a machine's, or that of a cluster's executors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from movierec.doctor import estimates
from movierec.doctor.check_result import CheckResult, gib, result_of
from movierec.doctor.executor_size import APPLICATION_MASTER_GIB, executor_memory

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LARGEST_CONTAINER: Final = "yarn.scheduler.maximum-allocation-mb"
_PROPERTIES: Final = "in the properties of conf/cluster.yaml"


@dataclass(frozen=True, kw_only=True)
class Executors:
    """The executors of a cluster, by Spark's settings."""

    registered: int
    requested: int | None
    """None with dynamic allocation."""
    cores: int
    """Of one executor, like the next two."""
    heap: int
    """Bytes."""
    overhead: int
    """Bytes beside the heap, for Python workers and the JVM itself."""
    largest: int | None
    """Bytes that YARN allows for one container, None if unknown."""


def read_executors(spark: SparkSession) -> Executors:
    """Return the executors of a session on a cluster."""
    context = spark.sparkContext
    conf, java = context.getConf(), context._jsc
    registered = java.sc().getExecutorMemoryStatus().size() - 1  # without the driver
    heap = memory_property(spark, "spark.executor.memory", "1g")
    share = float(conf.get("spark.executor.memoryOverheadFactor", "0.1"))
    default = max(384 << 20, int(heap * share))
    overhead = memory_property(spark, "spark.executor.memoryOverhead", f"{default >> 20}m")
    cores = int(conf.get("spark.executor.cores", str(context.defaultParallelism // registered)))
    dynamic = conf.get("spark.dynamicAllocation.enabled", "false") == "true"
    requested = conf.get("spark.executor.instances")
    largest = java.hadoopConfiguration().get(_LARGEST_CONTAINER)
    return Executors(
        registered=registered,
        requested=None if dynamic or requested is None else int(requested),
        cores=cores,
        heap=heap,
        overhead=overhead + memory_property(spark, "spark.executor.pyspark.memory", "0"),
        largest=None if largest is None else int(largest) << 20,
    )


def check_executor_count(executors: Executors) -> CheckResult:
    """Check that as many executors are registered as were requested."""
    requested = executors.requested
    wanted = "by dynamic allocation" if requested is None else requested
    found = f"{executors.registered} registered, {executors.cores} cores each; requested: {wanted}"
    good = requested is None or executors.registered >= requested
    fix = "wait for other jobs to end, or add workers to conf/cluster.yaml (yarn node -list -all)"
    return result_of("executors", good=good, found=found, fix=fix)


def check_container(executors: Executors) -> CheckResult:
    """Check that YARN allows executors of this size, with an ApplicationMaster beside them."""
    size, largest = executors.heap + executors.overhead, executors.largest
    found = f"an executor has {gib(executors.heap)} heap and {gib(executors.overhead)} overhead"
    if largest is None:
        return CheckResult("container", "ok", f"{found}; YARN's limit is unknown")
    found += f", {gib(size)} of the {gib(largest)} that YARN allows"
    if size <= largest and largest % size < APPLICATION_MASTER_GIB << 30:
        found += f": {largest // size} of them leave no room for an ApplicationMaster"
        return CheckResult("container", "warning", found, _by_rule(executors))
    fix = f"lower spark:spark.executor.memory {_PROPERTIES}, or take a larger machine_type"
    return result_of("container", good=size <= largest, found=found, fix=fix, otherwise="error")


def _by_rule(executors: Executors, *, overhead: int = 0) -> str:
    """Return the fix that divides a machine's memory by the rule of executor_size.

    The overhead is at least as given, in GiB.
    """
    larger = "take a machine_type with more memory per vCPU, such as a highmem one"
    if executors.largest is None:
        return larger
    count = max(1, executors.largest // (executors.heap + executors.overhead))
    memory = executor_memory(executors.largest / (1 << 30), executors=count)
    if memory is None or memory.overhead < overhead:
        return larger
    return (
        f'set spark:spark.executor.memory: "{memory.heap}g" and spark:spark.executor.'
        f'memoryOverhead: "{memory.overhead}g" {_PROPERTIES}'
    )


def check_heaps(executors: Executors, *, ratings: int) -> CheckResult:
    """Check that the heaps together suffice for this number of ratings."""
    available, needed = executors.registered * executors.heap, estimates.heap_bytes(ratings)
    found = f"{gib(available)} in all; for {ratings:,} ratings one of {gib(needed)} sufficed"
    fix = f"add workers to conf/cluster.yaml, or raise spark:spark.executor.memory {_PROPERTIES}"
    return result_of("heaps", good=available >= needed, found=found, fix=fix)


def check_overhead(executors: Executors, *, ratings: int) -> CheckResult:
    """Check that Python workers have enough memory beside the heap."""
    available, needed = executors.overhead // executors.cores, estimates.worker_bytes(ratings)
    found = (
        f"{gib(available)} overhead per task; with {ratings:,} ratings its Python worker used up "
        f"to {gib(needed)}"
    )
    fix = _by_rule(executors, overhead=-(-executors.cores * needed >> 30))
    why = ", and YARN kills containers that use more than they may"
    return result_of("overhead", good=available >= needed, found=found, fix=fix, why=why)


def check_memory(*, heap: int, machine: int, cores: int, ratings: int) -> CheckResult:
    """Check that a machine's memory and heap, in bytes, suffice for this number of ratings."""
    heap_needed = estimates.heap_bytes(ratings)
    needed = heap_needed + cores * estimates.worker_bytes(ratings)
    found = (
        f"heap {gib(heap)} of {gib(machine)}; for {ratings:,} ratings a heap of {gib(heap_needed)} "
        f"sufficed and, with the Python workers of {cores} cores, {gib(needed)} in all"
    )
    fix = (
        "raise the heap (SPARK_CONF=spark.driver.memory=…), or take a machine with more memory, a "
        "cluster (docs/dataproc.md) or a smaller archive"
    )
    good = heap >= heap_needed and machine >= needed
    return result_of("memory", good=good, found=found, fix=fix)


def check_ease(*, heap: int, machine: int, cores: int, movies: int, ratings: int) -> CheckResult:
    """Check that the driver's machine can hold a fit of EASE of this many movies beside the heap.

    `cores` are those whose Python workers run on that machine too: 0 on a cluster.
    """
    driver, worker = estimates.ease_bytes(movies, ratings)
    needed = min(heap, estimates.heap_bytes(ratings)) + driver + cores * worker
    found = (
        f"EASE of {movies:,} movies takes {gib(driver)} in the driver and {gib(worker)} in each "
        f"Python worker; {gib(needed)} of {gib(machine)} with the heap"
    )
    fix = "lower tuning.ease.movies, or take a machine with more memory for the driver"
    return result_of("ease", good=machine >= needed, found=found, fix=fix)


def memory_property(spark: SparkSession, key: str, default: str) -> int:
    """Return the bytes that one of Spark's memory properties sets."""
    text = spark.sparkContext.getConf().get(key, default)
    assert spark._jvm is not None  # the session runs
    return int(spark._jvm.org.apache.spark.network.util.JavaUtils.byteStringAsMb(text)) << 20
