"""A Spark job whose tasks end when a test lets them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession

SECONDS = 30.0


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until the condition holds, at most SECONDS."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class GatedStage:
    """A Spark stage whose tasks end when `let` allows them; one runs at a time."""

    def __init__(self, spark: SparkSession, place: Path, tasks: int) -> None:
        self._spark = spark
        self._place = place
        self._tasks = tasks
        self._thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        """Run it to its end."""
        place = str(self._place)

        def wait(task: int) -> None:
            deadline = time.monotonic() + SECONDS
            while not Path(place, str(task)).exists() and time.monotonic() < deadline:
                time.sleep(0.02)

        self._spark.sparkContext.parallelize(range(self._tasks), self._tasks).foreach(wait)

    def let(self, *tasks: int) -> None:
        """Let these tasks end."""
        for task in tasks:
            (self._place / str(task)).touch()

    def start(self) -> None:
        """Run it beside the test."""
        self._thread.start()

    def finish(self) -> None:
        """Let every task end and wait for that."""
        self.let(*range(self._tasks))
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
