"""Machines that die under a job, and a cluster that cannot serve it."""

import os
import signal
import time

import psutil
import pytest

from movierec.pipeline import dag
from tests.cluster.pipelines import LONG, execution, flags, result
from tests.cluster.submission import ended
from tests.support.finished import SAMPLE, overrides_on

# the first test waits for the pipeline
pytestmark = pytest.mark.timeout(1800)


def executors(node=None):
    """The executors' JVMs, of one node or of all."""
    words = ("YarnCoarseGrainedExecutorBackend", str(node.folder) if node else "")
    found = psutil.process_iter(["name", "cmdline"])
    # a dead process that is still listed has no command line
    commands = {one: " ".join(one.info["cmdline"] or ()) for one in found}
    return [
        one
        for one, command in commands.items()
        if one.info["name"] == "java" and all(word in command for word in words)
    ]


def node_managers(hadoop):
    return [one for name, one in hadoop.daemons.items() if name.startswith("nodemanager")]


def wait_until(condition, *, seconds=120.0):
    ends = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends, "it never came to that"
        time.sleep(0.2)
    return found


@pytest.fixture
def tuning(workspace, archive):
    """The overrides of a long tuning on what the pipeline prepared."""
    return overrides_on(workspace, archive, **LONG)


def trials(run):
    keys = ("factor_rank", "precision", "map", "ndcg", "recall", "rmse")
    facts = result(run, dag.TUNE).manifest.facts
    return [{key: row[key] for key in keys} for row in facts["trials"]]


def tuning_under_way(submitter, overrides):
    """Start tuning and return once its executors run tasks."""
    process = submitter.start("tune_als", *flags(overrides), "--force", conf=SAMPLE)
    wait_until(lambda: len(executors()) == 2)
    time.sleep(8)
    return process


def test_a_killed_executor_and_a_dead_node_cost_time_and_nothing_else(
    session, hadoop, tuning, submitter, local_trials
):
    process = tuning_under_way(submitter, tuning)
    killed, *_ = executors()
    killed.kill()
    wait_until(lambda: len(executors()) == 2 and killed not in executors())
    node = next(one for one in node_managers(hadoop) if executors(one))
    node.kill()
    for one in executors(node):
        one.kill()
    try:
        done = ended(process, seconds=300)
    finally:
        node.start()
        node.wait()
    assert done.exit_code == 0, done.output[-3000:]
    assert trials(execution(session, tuning)) == trials(local_trials)


def fault(done):
    """The job's own lines among Spark's."""
    assert done.exit_code == 3, done.output[-3000:]
    (line,) = (one for one in done.output.splitlines() if one.startswith("ingest: "))
    return line


def test_safe_mode_is_an_error_of_one_line(hadoop, submitter, archive):
    hadoop.dfs_admin("-safemode", "enter")
    try:
        overrides = overrides_on(f"{hadoop.hdfs}/safe", archive)
        done = submitter.run("ingest", *flags(overrides), conf=SAMPLE)
    finally:
        hadoop.dfs_admin("-safemode", "leave")
    assert fault(done).startswith("ingest: Spark does not start: ")
    assert "Name node is in safe mode" in fault(done)


def test_a_dead_datanode_is_an_error_of_one_line(hadoop, submitter, archive):
    node = hadoop.daemons["datanode"]
    node.kill()
    try:
        overrides = overrides_on(f"{hadoop.hdfs}/lost", archive)
        done = submitter.run("ingest", *flags(overrides), conf=SAMPLE)
    finally:
        node.start()
        node.wait()
    assert "could only be written to 0 of the 1 minReplication nodes" in fault(done)


def test_a_job_waits_for_a_full_cluster_and_says_so(hadoop, submitter, workspace, archive):
    nodes = node_managers(hadoop)
    for node in nodes:
        os.kill(node.process.pid, signal.SIGSTOP)
    try:
        overrides = overrides_on(workspace, archive)
        process = submitter.start("ingest", *flags(overrides), conf=SAMPLE)
        waits = next(line for line in process.stdout if b"waiting for" in line)
    finally:
        for node in nodes:
            os.kill(node.process.pid, signal.SIGCONT)
    assert waits.decode().startswith(
        "movierec ingest: waiting for Spark to start; on YARN, for a place"
    )
    done = ended(process, seconds=300)
    assert done.exit_code == 0, done.output[-3000:]
