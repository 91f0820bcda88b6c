"""What a test sets on the fake of Dataproc, shared by its services."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Protocol

from google.cloud import dataproc_v1 as dp


class ObjectStore(Protocol):
    """Where driver output goes: a bucket that is missing is made."""

    def put(self, bucket: str, name: str, data: bytes) -> None:
        """Write an object, over an older one of that name."""


@dataclass
class RunningJob:
    """A job, or a batch, at work: what its runner is given.

    `cluster` is None for a batch. `attempt` counts restarts from 0. A runner that waits should do
    so on `cancelled`, which is set when the job is to stop.
    """

    job: dp.Job
    cluster: dp.Cluster | None
    write: Callable[[bytes], None]
    attempt: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def pyspark_job(self) -> dp.PySparkJob:
        """The driver's file, arguments and properties."""
        return self.job.pyspark_job

    @property
    def job_id(self) -> str:
        """The id within the project."""
        return str(self.job.reference.job_id)


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


@dataclass
class Behaviour:
    """Settings, which a test may change at any time, and the threads of one fake.

    `operation_seconds` is what making or deleting a cluster takes, `state_seconds` what a job rests
    in each state before it runs. GetOperation answers at once when the operation is done, and after
    `poll_seconds` if not, so that a client that polls slowly is not slow in tests.
    Driver output is split into objects of `output_object_bytes`. With `output_lag_seconds` the last
    write and the empty object that ends the series come that long after the job is done; with
    `output_ends` False that object never comes. A job has `grace_seconds` to end when it is told.
    """

    runner: Runner = say_hello
    storage: ObjectStore | None = None
    operation_seconds: float = 0.0
    state_seconds: float = 0.001
    poll_seconds: float = 0.05
    grace_seconds: float = 0.5
    output_object_bytes: int = 1 << 20
    output_lag_seconds: float = 0.0
    output_ends: bool = True
    staging_bucket: str = "dataproc-staging"
    temp_bucket: str = "dataproc-temp"
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    stopping: threading.Event = field(default_factory=threading.Event, repr=False)
    threads: list[threading.Thread] = field(default_factory=list, repr=False)

    def spawn(self, target: Callable[[], None]) -> None:
        """Run it in a thread that `join_threads` waits for."""
        thread = threading.Thread(target=target, daemon=True)
        self.threads.append(thread)
        thread.start()

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the server lives."""
        self.stopping.wait(seconds)

    def join_threads(self, seconds: float) -> None:
        """Wait for all threads, in all so long at most."""
        deadline = time.monotonic() + seconds
        for thread in list(self.threads):
            thread.join(max(0.0, deadline - time.monotonic()))


def now() -> datetime:
    """The time, as timestamps of messages take it."""
    return datetime.now(timezone.utc)
