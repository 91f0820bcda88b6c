"""A laptop's memory against what the data are known to do with."""

from __future__ import annotations

from pyspark.sql import SparkSession

from movierec.doctor.check_result import Finding
from movierec.doctor.memory import judge_memory, memory_of

GIB = 1 << 30
FULL = 33_832_162


def judged(heap: int, machine: int, cores: int, ratings: int) -> Finding:
    return judge_memory(heap=heap * GIB, machine=machine * GIB, cores=cores, ratings=ratings)


def test_the_machine_of_the_benchmarks_is_large_enough() -> None:
    finding = judged(14, 24, 2, FULL)
    assert finding.state == "ok"
    assert finding.found == (
        "heap 14.0 GiB of 24.0 GiB; 33,832,162 ratings are known to do with a heap of 8.6 GiB and, "
        "with the Python workers of 2 cores, 13.6 GiB in all"
    )


def test_a_heap_that_is_too_small_for_the_data() -> None:
    assert judged(4, 24, 2, FULL).state == "warning"
    assert "more memory" in judged(4, 24, 2, FULL).cure
    assert judged(4, 8, 4, 100_836).state == "ok"


def test_every_core_has_a_python_worker() -> None:
    assert judged(10, 16, 2, FULL).state == "ok"
    assert judged(10, 16, 8, FULL).state == "warning"


def test_memory_is_read_as_spark_reads_it(spark: SparkSession) -> None:
    assert memory_of(spark, "spark.driver.memory", "1g") == 3 * GIB
    assert memory_of(spark, "spark.executor.nothing", "512") == GIB // 2
