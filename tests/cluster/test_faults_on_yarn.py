"""Machines that die under a job, and a cluster that cannot serve it."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import psutil
import pytest

from movierec import stages
from tests.cluster.submission import ended
from tests.cluster.test_jobs_on_yarn import SMALL, execution, flags, sets

# the first test waits for all jobs that others look at
pytestmark = pytest.mark.timeout(1800)
# Long enough to be hit: every trial fits for some ten seconds.
LONG = {"als.max_iter": 20, "als.checkpoint_interval": 5}


def executors() -> list[psutil.Process]:
    """The executors' JVMs."""
    return [
        one
        for one in psutil.process_iter(["name", "cmdline"])
        if one.info["name"] == "java"
        and any("YarnCoarseGrainedExecutorBackend" in part for part in one.info["cmdline"])
    ]


def wait_until(condition, *, seconds=120.0):
    ends = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends, "it never came to that"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def split(hadoop, submitter, archive):
    """A workspace on HDFS with everything that tuning reads; returns its overrides."""
    overrides = [
        *sets(f"{hadoop.hdfs}/faults", archive),
        *(f"{key}={value}" for key, value in LONG.items()),
    ]
    for stage in (stages.INGEST, stages.PARTITION, stages.POPULARITY):
        done = submitter.run(stage.job, *flags(overrides), conf=SMALL)
        assert done.exit_code == 0, done.output[-3000:]
    return overrides


@pytest.fixture(scope="module")
def undisturbed(session, split, submitter):
    done = submitter.run("tune_als", *flags(split), conf=SMALL)
    assert done.exit_code == 0, done.output[-3000:]
    return trials(session, split)


def trials(session, overrides):
    found = execution(session, overrides).find(stages.TUNE)
    keys = ("factor_rank", "precision", "map", "ndcg", "recall", "rmse")
    return [{key: row[key] for key in keys} for row in found.manifest.facts["trials"]]


def tuning_under_way(submitter, overrides):
    """Start tuning and return once its executors work."""
    process = submitter.start("tune_als", *flags(overrides), "--force", conf=SMALL)
    wait_until(lambda: len(executors()) == 2)
    time.sleep(12)
    return process


def test_a_killed_executor_costs_time_and_nothing_else(session, split, submitter, undisturbed):
    process = tuning_under_way(submitter, split)
    executors()[0].kill()
    done = ended(process, seconds=300)
    assert done.exit_code == 0, done.output[-3000:]
    assert trials(session, split) == undisturbed


def test_a_dead_node_costs_time_and_nothing_else(session, hadoop, split, submitter, undisturbed):
    process = tuning_under_way(submitter, split)
    node = hadoop.daemons["nodemanager-2"]
    node.kill()
    for one in executors():
        if str(node.folder) in " ".join(one.cmdline()):
            one.kill()
    try:
        done = ended(process, seconds=300)
    finally:
        node.start()
        node.wait()
    assert done.exit_code == 0, done.output[-3000:]
    assert trials(session, split) == undisturbed


def fault(done):
    """What the job says of itself, among Spark's own lines."""
    assert done.exit_code == 3, done.output[-3000:]
    (line,) = (one for one in done.output.splitlines() if one.startswith("ingest: "))
    return line


def test_safe_mode_is_an_error_of_one_line(hadoop, submitter, archive):
    hadoop.dfs_admin("-safemode", "enter")
    try:
        overrides = sets(f"{hadoop.hdfs}/safe", archive)
        done = submitter.run("ingest", *flags(overrides), conf=SMALL)
    finally:
        hadoop.dfs_admin("-safemode", "leave")
    assert fault(done).startswith("ingest: Spark does not start: ")
    assert "Name node is in safe mode" in fault(done)


@pytest.mark.parametrize(
    ("master", "said"),
    [
        # there Spark needs HDFS before the job does
        ("yarn", "could only be written to 0 of the 1 minReplication nodes"),
        ("local[1]", "Could not obtain block"),
    ],
)
def test_a_dead_datanode_is_an_error_of_one_line(hadoop, submitter, archive, master, said):
    node = hadoop.daemons["datanode"]
    node.kill()
    try:
        overrides = sets(f"{hadoop.hdfs}/lost", archive)
        done = submitter.run("ingest", *flags(overrides), conf=SMALL, master=master)
    finally:
        node.start()
        node.wait()
    assert said in fault(done)


def test_a_full_cluster_is_waited_for_and_said_so(hadoop, submitter, archive):
    nodes = [one for name, one in hadoop.daemons.items() if name.startswith("nodemanager")]
    for node in nodes:
        os.kill(node.process.pid, signal.SIGSTOP)
    try:
        overrides = sets(f"{hadoop.hdfs}/full", archive)
        process = submitter.start("ingest", *flags(overrides), conf=SMALL)
        with pytest.raises(subprocess.TimeoutExpired):
            ended(process, seconds=50)
    finally:
        for node in nodes:
            os.kill(node.process.pid, signal.SIGCONT)
    done = ended(process, seconds=300)
    assert done.exit_code == 0, done.output[-3000:]
    assert "movierec ingest: waiting for Spark to start; on YARN, for a place" in done.output
