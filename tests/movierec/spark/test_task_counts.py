"""Tasks are counted while Spark runs them, and the time left follows from their pace."""

import time

import pytest

from movierec.spark.task_counts import TaskCounts
from movierec.spark.time_left import TimeLeft
from tests.support.gates import SECONDS, GatedStage


class Clock:
    """A clock that only the test moves."""

    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def stage(spark, tmp_path):
    stage = GatedStage(spark, tmp_path, 8)
    stage.start()
    yield stage
    stage.finish()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tasks(spark, clock):
    return TaskCounts(spark.sparkContext.statusTracker(), now=clock)


def update_until(tasks, condition):
    deadline = time.monotonic() + SECONDS
    while True:
        tasks.update()
        if condition():
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


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
    left = tasks.time_left()
    assert left is not None
    assert left.seconds == pytest.approx(5 * 41 / 3)


def test_in_the_first_two_seconds_there_is_no_estimate(stage, tasks, clock):
    update_until(tasks, lambda: tasks.running() == (0, 8))
    clock.seconds = 101.0
    stage.let(0)
    update_until(tasks, lambda: tasks.running() == (1, 8))
    assert tasks.time_left() is None
