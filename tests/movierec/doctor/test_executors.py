"""Memory of a machine and of executors: real ones, and larger ones that are invented."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pyspark
import pytest

from movierec.doctor.executors import (
    Executors,
    check_container,
    check_ease,
    check_executor_count,
    check_heaps,
    check_memory,
    check_overhead,
    memory_property,
)
from tests.support.processes import run_process

GIB = 1 << 30
FULL = 33_832_162
GOOD = Executors(
    registered=2, requested=2, cores=4, heap=20 * GIB, overhead=10 * GIB, largest=48 * GIB
)
UNKNOWN = replace(GOOD, overhead=GIB, largest=None)


def test_as_many_executors_as_were_requested():
    good = check_executor_count(GOOD)
    assert (good.state, good.found) == ("ok", "2 registered, 4 cores each; requested: 2")
    missing = check_executor_count(replace(GOOD, registered=1))
    assert missing.state == "warning"
    assert "conf/cluster.yaml" in missing.fix
    dynamic = check_executor_count(replace(GOOD, registered=1, requested=None))
    assert dynamic.state == "ok"
    assert dynamic.found.endswith("requested: by dynamic allocation")


def test_an_executor_that_is_larger_than_yarn_allows():
    assert check_container(GOOD).state == "ok"
    result = check_container(replace(GOOD, largest=24 * GIB))
    assert result.state == "error"
    assert result.found.endswith("30.0 GiB of the 24.0 GiB that YARN allows")
    assert "spark:spark.executor.memory in the properties of conf/cluster.yaml" in result.fix
    full = check_container(replace(GOOD, heap=14 * GIB))
    assert full.state == "warning"
    assert full.found.endswith("allows: 2 of them leave no room for an ApplicationMaster")
    unknown = check_container(replace(GOOD, largest=None))
    assert (unknown.state, unknown.found[-23:]) == ("ok", "YARN's limit is unknown")


def test_heaps_that_are_too_small_in_all():
    assert check_heaps(replace(GOOD, heap=5 * GIB), ratings=FULL).state == "ok"
    result = check_heaps(replace(GOOD, heap=2 * GIB), ratings=FULL)
    assert result.state == "warning"
    assert result.found.startswith("4.0 GiB in all; for 33,832,162 ratings one of 8.6 GiB suff")


def test_an_overhead_that_is_too_small_for_python_workers():
    assert check_overhead(GOOD, ratings=FULL).state == "ok"
    result = check_overhead(replace(GOOD, overhead=2 * GIB), ratings=FULL)
    assert result.state == "warning"
    assert result.found.startswith("0.5 GiB overhead per task; with ")
    assert (
        'spark.executor.memory: "13g" and spark:spark.executor.memoryOverhead: "10g"' in result.fix
    )
    for poor in (replace(GOOD, overhead=GIB, largest=30 * GIB, heap=9 * GIB), UNKNOWN):
        assert "machine_type with more memory" in check_overhead(poor, ratings=FULL).fix
    assert check_overhead(replace(GOOD, overhead=2 * GIB), ratings=100_836).state == "ok"


def checked(heap, machine, cores, ratings):
    return check_memory(heap=heap * GIB, machine=machine * GIB, cores=cores, ratings=ratings)


def test_a_heap_and_a_machine_that_suffice_for_the_data_and_a_worker_per_core():
    result = checked(14, 24, 2, FULL)
    assert result.state == "ok"
    assert result.found == (
        "heap 14.0 GiB of 24.0 GiB; for 33,832,162 ratings a heap of 8.6 GiB sufficed and, with "
        "the Python workers of 2 cores, 13.6 GiB in all"
    )
    assert checked(4, 24, 2, FULL).state == "warning"
    assert "more memory" in checked(4, 24, 2, FULL).fix
    assert checked(4, 8, 4, 100_836).state == "ok"
    assert checked(10, 16, 2, FULL).state == "ok"
    assert checked(10, 16, 8, FULL).state == "warning"


def test_the_driver_needs_memory_for_the_square_of_ease_s_movies():
    def checked(movies, machine, cores=2):
        sizes = {"heap": 14 * GIB, "machine": machine * GIB, "cores": cores}
        return check_ease(**sizes, movies=movies, ratings=FULL)

    good = checked(15_000, 24)
    assert good.state == "ok"
    assert good.found == (
        "EASE of 15,000 movies takes 5.5 GiB in the driver and 1.2 GiB in each Python worker; 16.5 "
        "GiB of 24.0 GiB with the heap"
    )
    poor = checked(30_000, 24)
    assert (poor.state, "lower tuning.ease.movies" in poor.fix) == ("warning", True)
    assert checked(20_000, 20, cores=0).state == "ok" != checked(20_000, 20).state


def test_memory_is_read_as_spark_reads_it(spark):
    assert memory_property(spark, "spark.driver.memory", "1g") == 3 * GIB
    assert memory_property(spark, "spark.executor.nothing", "512") == GIB // 2


PROBE = """
import dataclasses, json
from movierec.doctor.executors import read_executors
from movierec.doctor.python import check_workers, collect_workers
from movierec.spark.session import Session

session = Session("executors", overrides={
    "spark.master": "local-cluster[2,1,1024]",
    "spark.driver.memory": "1g",
    "spark.executor.memory": "700m",
    "spark.executor.instances": "3",
    "spark.hadoop.yarn.scheduler.maximum-allocation-mb": "1024",
})
workers = check_workers(collect_workers(session()))
found = dataclasses.asdict(read_executors(session()))
session.stop()
print(json.dumps([found, workers.state]))
"""


@pytest.mark.slow
def test_executors_and_their_workers_are_read_from_a_real_cluster(tmp_path):
    """Slow: a cluster of its own, with two executors in processes of their own."""
    # workers of a local cluster write below SPARK_HOME
    for part in Path(pyspark.__file__).parent.iterdir():
        (tmp_path / part.name).symlink_to(part)
    done = run_process(sys.executable, "-c", PROBE, SPARK_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    found, workers = json.loads(done.stdout.splitlines()[-1])
    sizes = {"heap": 700 << 20, "overhead": 384 << 20, "largest": GIB}
    assert found == {"registered": 2, "requested": 3, "cores": 1, **sizes}
    assert workers == "ok"
