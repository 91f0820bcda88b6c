"""Shows on standard error how far a step is: redrawn on a terminal, elsewhere a line a minute."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TextIO

from movierec.spark.console import CLEAR_REST, bar_line, can_redraw, columns
from movierec.spark.session import Session
from movierec.spark.task_counts import StageTasks
from movierec.spark.time_left import TimeLeft, in_words

REDRAW_SECONDS = 0.5
REPORT_SECONDS = 60.0
THREAD = "progress"


@dataclass(frozen=True)
class _Counted:
    """`done` of `of` are done, and at the time `at` so much is left of the step."""

    done: int
    of: int
    left: TimeLeft | None
    at: float

    def left_now(self) -> TimeLeft | None:
        return None if self.left is None else self.left.after(time.monotonic() - self.at)


class Progress:
    """Says what a job has to say, and shows how far its step is; the two never share a line.

    Where standard error is a terminal, a line is drawn anew twice a second once Spark has started:
    the step with a bar of what it counts, else of the tasks of the stages that it has run so far,
    as far as they were seen; the time passed; and the time left, where something can be said. That
    is of the whole step where the step itself estimates it, else of the running stages alone.
    Elsewhere, and with a verbose session, it is a plain line each minute.
    """

    def __init__(self, job: str, session: Session) -> None:
        self._job = job
        self._session = session
        self._lock = threading.Lock()
        self._drawn_on: TextIO | None = None
        """Where a line stands that must be erased before another one is written."""
        self._counted: _Counted | None = None

    def say(self, message: str) -> None:
        """Write a line of its own."""
        with self._lock:
            self._erase()
            print(f"{self._job}: {message}", file=sys.stderr, flush=True)

    @contextmanager
    def step(self, name: str, *, of: int | None = None) -> Iterator[None]:
        """Show how far the step is until the block ends; `of` is how often it will advance.

        Steps do not nest.
        """
        started = time.monotonic()
        self._counted = None if of is None else _Counted(0, of, left=None, at=started)
        ended = threading.Event()
        watcher = threading.Thread(
            target=self._watch, args=(name, started, ended), name=THREAD, daemon=True
        )
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
            self._counted = None

    def advance(self, left: TimeLeft | None = None) -> None:
        """Count one more of what the step counts, if it does; `left` is what it takes yet."""
        counted = self._counted
        if counted is not None:
            self._counted = replace(counted, done=counted.done + 1, left=left, at=time.monotonic())

    def _watch(self, step: str, started: float, ended: threading.Event) -> None:
        stream = sys.stderr
        redraws = can_redraw(stream) and not self._session.verbose
        tasks = None
        while not ended.wait(REDRAW_SECONDS if redraws else REPORT_SECONDS):
            if self._session.started:
                try:
                    tasks = tasks or StageTasks(self._session().sparkContext.statusTracker())
                    tasks.look()
                except Exception:  # whatever it is, the job meets it too and tells of it
                    break
            seconds = time.monotonic() - started
            if not redraws:
                self.say(f"{step}: {self._report(seconds, tasks)}")
            elif tasks is not None:  # what is written while Spark starts would not erase the line
                self._draw(self._line(step, seconds, tasks, width=columns(stream)), stream)
        with self._lock:
            self._erase()

    def _report(self, seconds: float, tasks: StageTasks | None) -> str:
        counted, done, left = self._counted, None, None
        if counted is not None:
            done, left = f"{counted.done} of {counted.of} done", counted.left_now()
        elif tasks is not None and tasks.running()[1]:
            done = "{} of {} tasks of the running stages done".format(*tasks.running())
            left = tasks.left()
        return _joined(done, in_words(seconds), left)

    def _line(self, step: str, seconds: float, tasks: StageTasks, *, width: int) -> str:
        counted, clock = self._counted, f"{int(seconds) // 60}:{int(seconds) % 60:02}"
        if counted is not None:
            done, total = counted.done, counted.of
            tail = _joined(f"{done}/{total}", clock, counted.left_now())
        else:
            done, total = tasks.so_far()
            left = tasks.left()
            tail = _joined(
                f"{done}/{total} tasks" if total else None,
                clock,
                f"stages: {left}" if left else None,
            )
        return bar_line(f"{self._job}: {step}", done, total, tail, width=width)

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
