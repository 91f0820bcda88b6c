"""The driver of one job: a runner in a thread, and its output in Cloud Storage."""

from __future__ import annotations

import re
import threading
import traceback
from contextlib import suppress
from enum import Enum
from queue import Empty, Queue
from urllib.parse import urlsplit

from tests.support.dataproc.fake_behaviour import Behaviour, ObjectStore, RunningJob

EXCEPTION = re.compile(r"[\w.]*(?:Error|Exception)\b.*")


class Ending(Enum):
    """Why a driver was stopped."""

    CANCELLED = "cancelled"
    CLUSTER_DELETED = "cluster deleted"


class DriverOutput:
    """A series of objects `<prefix>.000000000`, `.000000001`, ..., ended by an empty one.

    Each write replaces the last object by a longer one. With `hold_back` each write is stored only
    when the next one comes.
    """

    def __init__(
        self, prefix: str, store: ObjectStore | None, object_bytes: int, *, hold_back: bool = False
    ) -> None:
        split = urlsplit(prefix)
        self._bucket, self._base = split.netloc, split.path.lstrip("/")
        self._store = store
        self._object_bytes = object_bytes
        self._hold_back = hold_back
        self._held = b""
        self._current = b""
        self._index = 0
        self._closed = False
        self._lock = threading.Lock()
        self.written = b""

    def write(self, data: bytes) -> None:
        """Append; writes after the end are dropped."""
        with self._lock:
            if self._closed:
                return
            self.written += data
            if self._hold_back:
                data, self._held = self._held, data
            self._store_data(data)

    def close(self, *, end: bool) -> None:
        """Store the held-back write, and with `end` the empty object."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._store_data(self._held)
            if end:
                self._put(self._index + bool(self._current), b"")

    def _store_data(self, data: bytes) -> None:
        while data:
            if len(self._current) >= self._object_bytes:
                self._index, self._current = self._index + 1, b""
            room = self._object_bytes - len(self._current)
            self._current, data = self._current + data[:room], data[room:]
            self._put(self._index, self._current)

    def _put(self, index: int, data: bytes) -> None:
        if self._store:
            self._store.put(self._bucket, f"{self._base}.{index:09d}", data)


class Driver:
    """Runs the runner, and can be stopped from any thread."""

    def __init__(self, running: RunningJob, behaviour: Behaviour) -> None:
        self.running = running
        self._behaviour = behaviour
        self._events: Queue[int | Ending] = Queue()

    def stop(self, why: Ending) -> None:
        """Stop the driver; no effect if it has ended."""
        self._events.put(why)

    def rest(self, seconds: float) -> Ending | None:
        """Wait; return why it was stopped, None if it was not."""
        try:
            event = self._events.get(timeout=seconds)
        except Empty:
            return None
        assert isinstance(event, Ending), "no runner runs while the driver rests"
        return event

    def run(self) -> int | Ending:
        """Return the exit code, or why it was stopped.

        A runner that does not end within `grace_seconds` after that is abandoned.
        """
        self._behaviour.spawn(self._call_runner)
        event = self._events.get()
        if isinstance(event, Ending):
            self.running.cancelled.set()
            with suppress(Empty):
                while isinstance(self._events.get(timeout=self._behaviour.grace_seconds), Ending):
                    pass
        return event

    def _call_runner(self) -> None:
        try:
            code = self._behaviour.runner(self.running)
        except Exception:
            with suppress(Exception):
                self.running.write(traceback.format_exc().encode())
            code = 1
        self._events.put(code)


def last_exception(output: bytes) -> str:
    """The last line of a stack trace at the end of the output; empty without one."""
    lines = output.decode(errors="replace").rstrip().splitlines()
    return lines[-1] if lines and EXCEPTION.fullmatch(lines[-1]) else ""
