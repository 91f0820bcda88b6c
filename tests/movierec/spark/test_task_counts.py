"""Tasks are counted as Spark runs them, and estimates claim no more than these say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from movierec.spark.task_counts import StageTasks
from movierec.spark.time_left import TimeLeft
from tests.support.gates import SECONDS, GatedStage


class Clock:
    """A time that only a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stage(spark: SparkSession, tmp_path: Path) -> Iterator[GatedStage]:
    stage = GatedStage(spark, tmp_path, 8)
    stage.start()
    yield stage
    stage.finish()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tasks(spark: SparkSession, clock: Clock) -> StageTasks:
    return StageTasks(spark.sparkContext.statusTracker(), now=clock)


def look_until(tasks: StageTasks, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        tasks.look()
        if condition():
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_runs_so_nothing_is_said(tasks: StageTasks) -> None:
    tasks.look()
    assert tasks.running() == tasks.so_far() == (0, 0)
    assert tasks.left() is None


def test_tasks_are_counted_while_they_run_and_after(
    stage: GatedStage, tasks: StageTasks, spark: SparkSession
) -> None:
    look_until(tasks, lambda: tasks.running() == (0, 8))
    stage.let(0, 1, 2)
    look_until(tasks, lambda: tasks.running() == (3, 8))
    assert tasks.so_far() == (3, 8)
    stage.finish()
    look_until(tasks, lambda: tasks.running() == (0, 0))
    assert tasks.so_far() == (8, 8)
    assert tasks.left() is None


def test_what_ran_before_is_not_counted(spark: SparkSession, tasks: StageTasks) -> None:
    spark.range(10).count()
    # the tracker hears of the end a little after the one who asked for the work
    spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty()
    tasks.look()
    assert tasks.so_far() == (0, 0)


def test_the_time_left_is_that_of_the_tasks_at_the_pace_of_those_done(
    stage: GatedStage, tasks: StageTasks, clock: Clock
) -> None:
    look_until(tasks, lambda: tasks.running() == (0, 8))
    assert tasks.left() is None
    clock.seconds = 110.0
    tasks.look()
    assert tasks.left() is None, "no task has ended yet"
    stage.let(0, 1)
    look_until(tasks, lambda: tasks.running() == (2, 8))
    # 2 tasks took 10 s, so 6 take 30 s
    assert tasks.left() == TimeLeft(30.0)
    clock.seconds = 130.0
    tasks.look()
    assert tasks.left() == TimeLeft(10.0), "it runs down while no task ends"
    clock.seconds = 141.0
    tasks.look()
    assert tasks.left() is None, "longer than that: the pace no longer holds"
    stage.let(2)
    look_until(tasks, lambda: tasks.running() == (3, 8))
    left = tasks.left()
    assert left is not None
    assert left.seconds == pytest.approx(5 * 41 / 3)


def test_tasks_that_had_ended_before_the_first_look_set_no_pace(
    stage: GatedStage, spark: SparkSession, clock: Clock
) -> None:
    stage.let(0, 1, 2, 3)
    tracker = spark.sparkContext.statusTracker()
    other = StageTasks(tracker)
    look_until(other, lambda: other.running() == (4, 8))
    tasks = StageTasks(tracker, now=clock)
    tasks.look()
    assert tasks.running() == (4, 8)
    clock.seconds = 120.0
    stage.let(4, 5)
    look_until(tasks, lambda: tasks.running() == (6, 8))
    assert tasks.left() == TimeLeft(20.0)


def test_a_stage_that_is_young_has_no_estimate(
    stage: GatedStage, tasks: StageTasks, clock: Clock
) -> None:
    look_until(tasks, lambda: tasks.running() == (0, 8))
    clock.seconds = 101.0
    stage.let(0)
    look_until(tasks, lambda: tasks.running() == (1, 8))
    assert tasks.left() is None
