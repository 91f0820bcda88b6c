"""How many tasks of Spark's stages are done, by its status tracker, and the time they need."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from movierec.spark.time_left import TimeLeft

if TYPE_CHECKING:
    from pyspark import StatusTracker

# estimates from a shorter time are poor, and those of quick stages would only flicker
_MIN_SECONDS = 2.0


@dataclass
class _Stage:
    """A stage since it was first seen, when `done_at_first` of its tasks were done."""

    first_seen: float
    done_at_first: int
    done: int
    total: int


class TaskCounts:
    """Counts the tasks of the stages that were running at an update.

    A stage that starts and ends between two updates is not counted.
    """

    def __init__(
        self, tracker: StatusTracker, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._tracker = tracker
        self._now = now
        self._running: dict[int, _Stage] = {}
        self._done_before = 0
        """Tasks of the stages that have ended."""
        self._newly_done = 0
        """Tasks of the running stages that ended after their stage was first seen."""
        self._updated_at = self._newly_done_at = now()

    def update(self) -> None:
        """Count again. Raises py4j's error if the JVM is gone."""
        self._updated_at = self._now()
        active = self._tracker.getActiveStageIds()
        for stage_id in {*self._running, *active}:
            info = self._tracker.getStageInfo(stage_id)
            if info is None:
                continue
            done, total = info.numCompletedTasks, info.numTasks
            stage = self._running.setdefault(stage_id, _Stage(self._updated_at, done, done, total))
            stage.done, stage.total = done, total
        for stage_id in self._running.keys() - set(active):
            self._done_before += self._running.pop(stage_id).done
        newly_done = sum(stage.done - stage.done_at_first for stage in self._running.values())
        if newly_done != self._newly_done:
            self._newly_done, self._newly_done_at = newly_done, self._updated_at

    def running(self) -> tuple[int, int]:
        """Return how many tasks of the running stages are done, and how many there are."""
        stages = self._running.values()
        return sum(stage.done for stage in stages), sum(stage.total for stage in stages)

    def overall(self) -> tuple[int, int]:
        """Return the same, with the tasks of the ended stages added to both."""
        done, total = self.running()
        return self._done_before + done, self._done_before + total

    def time_left(self) -> TimeLeft | None:
        """Return the time that the running stages still need if their tasks keep their pace.

        The pace is the number of tasks that ended since the stages were first seen, divided by the
        time until the last of them ended. None before a task has ended, in the first two seconds,
        and once the estimated time is over. Stages to come are not included.
        """
        if not self._newly_done:
            return None
        started = min(stage.first_seen for stage in self._running.values())
        took = self._newly_done_at - started
        if took < _MIN_SECONDS:
            return None
        done, total = self.running()
        pace = self._newly_done / took
        return TimeLeft((total - done) / pace).after(self._updated_at - self._newly_done_at)
