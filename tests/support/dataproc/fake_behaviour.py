"""The settings of the fake Dataproc, shared by its services."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Protocol

from google.cloud import dataproc_v1 as dp


class ObjectStore(Protocol):
    """Where driver output goes; a missing bucket is created."""

    def put(self, bucket: str, name: str, data: bytes) -> None:
        """Write an object, over an older one of that name."""


@dataclass
class RunningJob:
    """A running job or batch, as its runner gets it.

    `cluster` is None for a batch. A runner should wait on `cancelled`, which is set to stop it.
    """

    job: dp.Job
    cluster: dp.Cluster | None
    write: Callable[[bytes], None]
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

    `operation_seconds` is the time to create or delete a cluster, `state_seconds` the time of each
    state of a job before it runs. GetOperation answers when the operation is done, and after
    `poll_seconds` otherwise, so that slow polling does not slow down tests.
    Driver output is split into objects of `output_object_bytes`. With `output_lag_seconds` the last
    write and the empty object that ends the series come that much later than the job's end; with
    `output_ends` False that object never comes. A cancelled job has `grace_seconds` to end.
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
        """Wait, at most until the server stops."""
        self.stopping.wait(seconds)

    def join_threads(self, seconds: float) -> None:
        """Wait for all threads, at most `seconds` in all."""
        deadline = time.monotonic() + seconds
        for thread in list(self.threads):
            thread.join(max(0.0, deadline - time.monotonic()))


def now() -> datetime:
    """The time, as timestamps of messages take it."""
    return datetime.now(timezone.utc)
