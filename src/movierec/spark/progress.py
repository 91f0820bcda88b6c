"""Progress of a step on standard error: redrawn on a terminal, else one line per minute."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TextIO

from movierec.spark.session import Session
from movierec.spark.task_counts import TaskCounts
from movierec.spark.terminal import CLEAR_REST, can_redraw, progress_line, terminal_width
from movierec.spark.time_left import TimeLeft, format_duration

REDRAW_SECONDS = 0.5
REPORT_SECONDS = 60.0
THREAD_NAME = "progress"


@dataclass(frozen=True)
class _StepCount:
    """How much of a step is done."""

    done: int
    total: int
    left: TimeLeft | None
    """The estimate made at the time `at`."""
    at: float

    def left_now(self) -> TimeLeft | None:
        return None if self.left is None else self.left.after(time.monotonic() - self.at)


class Progress:
    """Prints a job's messages and the progress of its step, each on lines of its own.

    On a terminal, one line is redrawn twice a second once Spark has started: the step, a bar, the
    time passed and, if known, the time left. The bar shows what the step counts, else the tasks of
    the stages seen so far. The time left is that of the whole step if the step estimates it, else
    that of the running stages. Elsewhere, and with a verbose session, a plain line is printed each
    minute.
    """

    def __init__(self, job: str, session: Session) -> None:
        self._job = job
        self._session = session
        self._lock = threading.Lock()
        self._drawn_on: TextIO | None = None
        """The stream with a drawn line, which must be erased before another one is written."""
        self._count: _StepCount | None = None

    def say(self, message: str) -> None:
        """Print a message."""
        with self._lock:
            self._erase()
            print(f"{self._job}: {message}", file=sys.stderr, flush=True)

    @contextmanager
    def step(self, name: str, *, of: int | None = None) -> Iterator[None]:
        """Show the progress of a step until the block ends; `of` is how often it will advance.

        Steps do not nest.
        """
        started = time.monotonic()
        self._count = None if of is None else _StepCount(0, of, left=None, at=started)
        ended = threading.Event()
        watcher = threading.Thread(
            target=self._watch, args=(name, started, ended), name=THREAD_NAME, daemon=True
        )
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
            self._count = None

    def advance(self, left: TimeLeft | None = None) -> None:
        """Count one more part of the step as done; `left` is the time that the step still needs."""
        count = self._count
        if count is not None:
            self._count = replace(count, done=count.done + 1, left=left, at=time.monotonic())

    def _watch(self, step: str, started: float, ended: threading.Event) -> None:
        stream = sys.stderr
        redraws = can_redraw(stream) and not self._session.verbose
        tasks = None
        while not ended.wait(REDRAW_SECONDS if redraws else REPORT_SECONDS):
            if self._session.started:
                try:
                    tasks = tasks or TaskCounts(self._session().sparkContext.statusTracker())
                    tasks.update()
                except Exception:  # the job meets the same error and reports it
                    break
            seconds = time.monotonic() - started
            if not redraws:
                self.say(f"{step}: {self._report(seconds, tasks)}")
            elif tasks is not None:  # messages of a starting Spark would not erase the line
                self._draw(self._line(step, seconds, tasks, width=terminal_width(stream)), stream)
        with self._lock:
            self._erase()

    def _report(self, seconds: float, tasks: TaskCounts | None) -> str:
        count, done, left = self._count, None, None
        if count is not None:
            done, left = f"{count.done} of {count.total} done", count.left_now()
        elif tasks is not None and tasks.running()[1]:
            done = "{} of {} tasks of the running stages done".format(*tasks.running())
            left = tasks.time_left()
        return _joined(done, format_duration(seconds), left)

    def _line(self, step: str, seconds: float, tasks: TaskCounts, *, width: int) -> str:
        count, clock = self._count, f"{int(seconds) // 60}:{int(seconds) % 60:02}"
        if count is not None:
            done, total = count.done, count.total
            tail = _joined(f"{done}/{total}", clock, count.left_now())
        else:
            done, total = tasks.overall()
            left = tasks.time_left()
            tail = _joined(
                f"{done}/{total} tasks" if total else None,
                clock,
                f"stages: {left}" if left else None,
            )
        return progress_line(f"{self._job}: {step}", done, total, tail, width=width)

    def _draw(self, line: str, stream: TextIO) -> None:
        with self._lock:
            self._drawn_on = stream
            stream.write(f"\r{line}{CLEAR_REST}")
            stream.flush()

    def _erase(self) -> None:
        if self._drawn_on is not None:
            self._drawn_on.write(f"\r{CLEAR_REST}")
            self._drawn_on.flush()
            self._drawn_on = None


def _joined(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part is not None)
