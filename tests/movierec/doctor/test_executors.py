"""Executors: those of a real cluster, and what is said of larger ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyspark
import pytest

from movierec.doctor.executors import (
    Executors,
    judge_container,
    judge_heaps,
    judge_number,
    judge_overhead,
)
from tests.support.paths import ROOT

GIB = 1 << 30
FULL = 33_832_162
GOOD = Executors(
    registered=2,
    requested=2,
    cores=4,
    heap=20 * GIB,
    overhead=10 * GIB,
    largest=48 * GIB,
)


def test_good_executors() -> None:
    assert judge_number(GOOD).state == "ok"
    assert judge_number(GOOD).found == "2 registered, of 4 cores each; asked: 2"
    assert judge_container(GOOD).state == "ok"
    assert judge_heaps(GOOD, ratings=FULL).state == "ok"
    assert judge_overhead(GOOD, ratings=FULL).state == "ok"


def test_executors_that_have_not_come() -> None:
    finding = judge_number(replace(GOOD, registered=1))
    assert finding.state == "warning"
    assert "conf/cluster.yaml" in finding.cure


def test_executors_that_come_with_the_work() -> None:
    finding = judge_number(replace(GOOD, registered=1, requested=None))
    assert finding.state == "ok"
    assert finding.found.endswith("asked: as many as there is work, by dynamic allocation")


def test_an_executor_that_yarn_gives_no_container_for() -> None:
    finding = judge_container(replace(GOOD, largest=24 * GIB))
    assert finding.state == "error"
    assert finding.found.endswith("30.0 GiB of the 24.0 GiB that YARN allows")
    assert "spark:spark.executor.memory in the properties of conf/cluster.yaml" in finding.cure
    unknown = judge_container(replace(GOOD, largest=None))
    assert (unknown.state, unknown.found[-28:]) == ("ok", "what YARN allows is not told")


def test_heaps_that_are_too_small_together() -> None:
    assert judge_heaps(replace(GOOD, heap=5 * GIB), ratings=FULL).state == "ok"
    finding = judge_heaps(replace(GOOD, heap=2 * GIB), ratings=FULL)
    assert finding.state == "warning"
    assert finding.found.startswith("4.0 GiB in all; 33,832,162 ratings are known to do with 8.6 ")


def test_python_workers_that_have_no_room_beside_the_heap() -> None:
    finding = judge_overhead(replace(GOOD, overhead=2 * GIB), ratings=FULL)
    assert finding.state == "warning"
    assert finding.found.startswith("0.5 GiB beside the heap for a task; ")
    assert 'set spark:spark.executor.memoryOverhead: "10g" in the' in finding.cure
    assert judge_overhead(replace(GOOD, overhead=2 * GIB), ratings=100_836).state == "ok"


PROBE = """
import dataclasses, json
from movierec.doctor.executors import read_executors
from movierec.doctor.python import ask_workers, judge_workers
from movierec.spark.session import Session

session = Session("executors", overrides={
    "spark.master": "local-cluster[2,1,1024]",
    "spark.driver.memory": "1g",
    "spark.executor.memory": "700m",
    "spark.executor.instances": "3",
    "spark.hadoop.yarn.scheduler.maximum-allocation-mb": "1024",
})
workers = judge_workers(ask_workers(session()))
found = dataclasses.asdict(read_executors(session()))
session.stop()
print(json.dumps([found, workers.state]))
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """Two executors, processes of their own, as they are read."""
    root, home = ROOT, tmp_path_factory.mktemp("spark")
    # workers of a local cluster write below SPARK_HOME
    for part in Path(pyspark.__file__).parent.iterdir():
        (home / part.name).symlink_to(part)
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        env={
            **os.environ,
            "PYTHONPATH": str(root / "src"),
            "SPARK_HOME": str(home),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found, workers = json.loads(done.stdout.splitlines()[-1])
    return found, workers


def test_executors_are_read_from_a_real_cluster(probe: tuple[dict[str, Any], str]) -> None:
    found, _ = probe
    assert found == {
        "registered": 2,
        "requested": 3,
        "cores": 1,
        "heap": 700 << 20,
        "overhead": 384 << 20,
        "largest": 1 << 30,
    }
    assert judge_number(Executors(**found)).state == "warning"
    assert judge_container(Executors(**found)).state == "error"


def test_workers_of_executors_report_too(probe: tuple[dict[str, Any], str]) -> None:
    assert probe[1] == "ok"
