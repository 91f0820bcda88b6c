"""The tasks of Spark's stages, as its status tracker counts them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from movierec.spark.time_left import TimeLeft

if TYPE_CHECKING:
    from pyspark import StatusTracker

# a shorter look at a stage says little, and the estimates of quick stages would only flicker
_LEAST_SECONDS = 2.0


@dataclass
class _Stage:
    """A stage since it was first seen, with `done_then` of its tasks done."""

    first_seen: float
    done_then: int
    done: int
    total: int


class StageTasks:
    """Counts the tasks of the stages that were running at a look.

    Those of a stage that came and went between two looks are not counted.
    """

    def __init__(
        self, tracker: StatusTracker, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._tracker = tracker
        self._now = now
        self._running: dict[int, _Stage] = {}
        self._done_before = 0
        """Tasks of the stages that have ended."""
        self._gained = 0
        """Tasks of the running stages that ended since these were first seen."""
        self._looked = self._gained_at = now()

    def look(self) -> None:
        """Ask Spark. Raises whatever comes of a JVM that is gone."""
        self._looked = self._now()
        active = self._tracker.getActiveStageIds()
        for stage_id in {*self._running, *active}:
            info = self._tracker.getStageInfo(stage_id)
            if info is None:
                continue
            done, total = info.numCompletedTasks, info.numTasks
            stage = self._running.setdefault(stage_id, _Stage(self._looked, done, done, total))
            stage.done, stage.total = done, total
        for stage_id in self._running.keys() - set(active):
            self._done_before += self._running.pop(stage_id).done
        gained = sum(stage.done - stage.done_then for stage in self._running.values())
        if gained != self._gained:
            self._gained, self._gained_at = gained, self._looked

    def running(self) -> tuple[int, int]:
        """Return how many tasks of the running stages are done, and how many there are."""
        stages = self._running.values()
        return sum(stage.done for stage in stages), sum(stage.total for stage in stages)

    def so_far(self) -> tuple[int, int]:
        """Return the same with the tasks done of the stages that have ended."""
        done, total = self.running()
        return self._done_before + done, self._done_before + total

    def left(self) -> TimeLeft | None:
        """Return the time that the running stages take yet, if their tasks go on at this pace.

        The pace is that of their tasks that ended since they were first seen, over the time up to
        the last of these. None before one has, in the first two seconds, and once the stages take
        longer than that. It knows nothing of the stages to come.
        """
        if not self._gained:
            return None
        begun = min(stage.first_seen for stage in self._running.values())
        took = self._gained_at - begun
        if took < _LEAST_SECONDS:
            return None
        done, total = self.running()
        pace = self._gained / took
        return TimeLeft((total - done) / pace).after(self._looked - self._gained_at)
