"""Tasks are counted while Spark runs them, and the time left follows from their pace."""

from types import SimpleNamespace

import pytest

from movierec.spark.task_counts import TaskCounts
from movierec.spark.time_left import TimeLeft
from tests.support.gates import GatedStage, wait_for


@pytest.fixture
def stage(spark, tmp_path):
    stage = GatedStage(spark, tmp_path, 8)
    stage.start()
    yield stage
    stage.finish()


@pytest.fixture
def clock():
    """A clock that only the test moves."""
    return SimpleNamespace(seconds=100.0)


@pytest.fixture
def tasks(spark, clock):
    return TaskCounts(spark.sparkContext.statusTracker(), now=lambda: clock.seconds)


def update_until(tasks, condition):
    def holds():
        tasks.update()
        return condition()

    wait_for(holds)


def test_without_tasks_there_is_no_estimate(tasks):
    tasks.update()
    assert tasks.running() == tasks.overall() == (0, 0)
    assert tasks.time_left() is None


def test_tasks_are_counted_while_they_run_and_after(stage, tasks, spark):
    update_until(tasks, lambda: tasks.running() == (0, 8))
    stage.let(0, 1, 2)
    update_until(tasks, lambda: tasks.running() == (3, 8))
    assert tasks.overall() == (3, 8)
    stage.finish()
    update_until(tasks, lambda: tasks.running() == (0, 0))
    assert tasks.overall() == (8, 8)
    assert tasks.time_left() is None


def test_the_time_left_follows_from_the_pace_of_ended_tasks(stage, tasks, clock):
    update_until(tasks, lambda: tasks.running() == (0, 8))
    assert tasks.time_left() is None
    clock.seconds = 110.0
    tasks.update()
    assert tasks.time_left() is None, "no task has ended yet"
    stage.let(0, 1)
    update_until(tasks, lambda: tasks.running() == (2, 8))
    # 2 tasks took 10 s, so 6 take 30 s
    assert tasks.time_left() == TimeLeft(30.0)
    clock.seconds = 130.0
    tasks.update()
    assert tasks.time_left() == TimeLeft(10.0), "it decreases while no task ends"
    clock.seconds = 141.0
    tasks.update()
    assert tasks.time_left() is None, "the estimated time is over"
    stage.let(2)
    update_until(tasks, lambda: tasks.running() == (3, 8))
    assert tasks.time_left().seconds == pytest.approx(5 * 41 / 3)


def test_in_the_first_two_seconds_there_is_no_estimate(stage, tasks, clock):
    update_until(tasks, lambda: tasks.running() == (0, 8))
    clock.seconds = 101.0
    stage.let(0)
    update_until(tasks, lambda: tasks.running() == (1, 8))
    assert tasks.time_left() is None
