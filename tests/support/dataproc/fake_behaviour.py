"""The settings of the fake Dataproc, shared by its services, and the driver of a job or batch."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_storage import FakeStorage

STAGING_BUCKET = "dataproc-staging"
GRACE_SECONDS = 30.0


@dataclass
class RunningJob:
    """A running job or batch, as its runner gets it.

    A runner has to end soon after `cancelled` is set.
    """

    job_id: str
    pyspark_job: Any
    """A PySparkJob or a PySparkBatch."""
    write: Callable[[bytes], None]
    cancelled: threading.Event


Runner = Callable[[RunningJob], int]


def say_hello(running: RunningJob) -> int:
    """Write two lines and succeed."""
    running.write(f"{running.pyspark_job.main_python_file_uri} starts\n".encode())
    running.write(f"{' '.join(running.pyspark_job.args)}\n".encode())
    return 0


def fail_with(trace: str, exit_code: int = 1) -> Runner:
    """A runner that writes a stack trace and exits."""

    def run(running: RunningJob) -> int:
        running.write(trace.encode())
        return exit_code

    return run


def wait_until_cancelled(running: RunningJob) -> int:
    """Write a line and wait."""
    running.write("größer\n".encode())
    running.cancelled.wait(20)
    return 1


@dataclass
class Behaviour:
    """Settings, which a test may change at any time, and the threads of one fake.

    Clusters are created and deleted while `proceed` is set; if `next_cluster_breaks`, the next one
    ends in the state ERROR. With `output_is_late` drivers' output comes shortly after the job's
    end.
    """

    storage: FakeStorage
    runner: Runner = say_hello
    output_is_late: bool = False
    next_cluster_breaks: bool = False
    proceed: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)
    threads: list[threading.Thread] = field(default_factory=list)
    cancellations: list[threading.Event] = field(default_factory=list)
    made: dict[tuple[str, str], Any] = field(default_factory=dict)

    def spawn(self, target: Callable[[], None]) -> None:
        """Run it in a thread that `end` waits for."""
        thread = threading.Thread(target=target, daemon=True)
        self.threads.append(thread)
        thread.start()

    def end(self) -> None:
        """Cancel all that runs and wait for it."""
        self.proceed.set()
        for cancelled in list(self.cancellations):
            cancelled.set()
        deadline = time.monotonic() + GRACE_SECONDS
        for thread in list(self.threads):
            thread.join(max(0.0, deadline - time.monotonic()))

    def once(self, method: str, request_id: str, make: Callable[[], Any]) -> Any:
        """Return what `make` returned at the first request with this id, unless that one failed.

        A request without an id is always new.
        """
        with self.lock:
            if not request_id:
                return make()
            rules.check_name("request id", request_id, rules.REQUEST_ID)
            key = (method, request_id)
            if key not in self.made:
                self.made[key] = make()
            return self.made[key]


class Driver:
    """Runs the runner; its output is the object `<output_uri>.000000000`.

    Each write replaces the object by a longer one, and an empty one ends the series. Without a URI
    the output is lost.
    """

    def __init__(
        self,
        job_id: str,
        job: Any,
        output_uri: str,
        behaviour: Behaviour,
        cancelled: threading.Event | None = None,
    ) -> None:
        self.cancelled = cancelled or threading.Event()
        behaviour.cancellations.append(self.cancelled)
        self._running = RunningJob(job_id, job, self._write, self.cancelled)
        self._behaviour = behaviour
        self._output = urlsplit(output_uri)
        self._written = b""

    def run(self) -> int:
        """Return the exit code."""
        try:
            return self._behaviour.runner(self._running)
        except Exception:
            self._write(traceback.format_exc().encode())
            return 1

    def close(self) -> None:
        """Store the late output and the end of the series."""
        if self._behaviour.output_is_late:
            time.sleep(0.02)
            self._put(0, self._written)
        self._put(1 if self._written else 0, b"")

    def last_line(self) -> str:
        """The last line of the output: after a stack trace, the exception."""
        return self._written.decode(errors="replace").rstrip().rpartition("\n")[2]

    def _write(self, data: bytes) -> None:
        self._written += data
        if not self._behaviour.output_is_late:
            self._put(0, self._written)

    def _put(self, index: int, data: bytes) -> None:
        if self._output.netloc:
            name = f"{self._output.path.lstrip('/')}.{index:09d}"
            self._behaviour.storage.put(self._output.netloc, name, data)
