"""The settings of the fake Dataproc, shared by its services."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from google.cloud import dataproc_v1 as dp

from tests.support.dataproc.fake_storage import FakeStorage

STAGING_BUCKET = "dataproc-staging"


@dataclass
class RunningJob:
    """A running job or batch, as its runner gets it.

    A runner has to end soon after `cancelled` is set.
    """

    job_id: str
    pyspark_job: dp.PySparkJob
    write: Callable[[bytes], None]
    cancelled: threading.Event = field(default_factory=threading.Event)


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

    Clusters are created and deleted while `proceed` is set. Driver output is split into objects of
    `output_object_bytes`; with `output_is_late` all of it comes shortly after the job's end. A
    stopped fake waits `grace_seconds` for its threads.
    """

    storage: FakeStorage
    runner: Runner = say_hello
    grace_seconds: float = 5.0
    output_object_bytes: int = 1 << 20
    output_is_late: bool = False
    proceed: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)
    threads: list[threading.Thread] = field(default_factory=list)

    def spawn(self, target: Callable[[], None]) -> None:
        """Run it in a thread that `join_threads` waits for."""
        thread = threading.Thread(target=target, daemon=True)
        self.threads.append(thread)
        thread.start()

    def join_threads(self) -> None:
        deadline = time.monotonic() + self.grace_seconds
        for thread in list(self.threads):
            thread.join(max(0.0, deadline - time.monotonic()))


def now() -> datetime:
    """The time, as timestamps of messages take it."""
    return datetime.now(timezone.utc)
