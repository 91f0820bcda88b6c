"""How the memory of a cluster's machine is divided among Spark's executors.

One rule for the clusters that we request and for the doctor that checks them:

- YARN has 80 per cent of a worker's memory, as Dataproc sets it. Of a single node only half is
  used, because the driver and HDFS need the rest.
- 2 GiB of that stay free for an ApplicationMaster, which takes 1.
- Executors of four cores share the rest, each in whole GiB. 5/12 of an executor is overhead, for
  the JVM itself and the Python workers, 7/12 is heap: on n2-highmem-8 10 and 14 GiB, which gives
  each worker the 2.5 GiB that it was measured to use at full size (see estimates).
"""

from __future__ import annotations

from typing import Final, NamedTuple

APPLICATION_MASTER_GIB: Final = 1
_FREE_GIB: Final = 2
_CORES: Final = 4
_YARN_SHARE: Final = 0.8
_SINGLE_NODE_SHARE: Final = 0.5
_OVERHEAD_SHARE: Final = 5 / 12


class ExecutorMemory(NamedTuple):
    """An executor's heap and the memory beside it, in GiB."""

    heap: int
    overhead: int


def executor_memory(yarn_gib: float, *, executors: int) -> ExecutorMemory | None:
    """Return the memory of each executor on a machine, None if there are no 2 GiB for each.

    >>> executor_memory(51.2, executors=2)
    ExecutorMemory(heap=14, overhead=10)
    """
    total = int((yarn_gib - _FREE_GIB) / executors)
    overhead = max(1, round(total * _OVERHEAD_SHARE))
    return ExecutorMemory(total - overhead, overhead) if total >= 2 else None


def executor_properties(*, vcpus: int, memory_gib: float, single_node: bool) -> dict[str, str]:
    """Return Spark's properties for a type of machine, none for a machine that is too small."""
    executors = max(1, vcpus // _CORES)
    share = _SINGLE_NODE_SHARE if single_node else _YARN_SHARE
    memory = executor_memory(memory_gib * share, executors=executors)
    if memory is None:
        return {}
    return {
        "spark.executor.cores": str(vcpus // executors),
        "spark.executor.memory": f"{memory.heap}g",
        "spark.executor.memoryOverhead": f"{memory.overhead}g",
    }
