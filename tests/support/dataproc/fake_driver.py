"""The driver of one job or batch: a runner, and its output in Cloud Storage."""

from __future__ import annotations

import re
import time
import traceback
from urllib.parse import urlsplit

from google.cloud import dataproc_v1 as dp

from tests.support.dataproc.fake_behaviour import Behaviour, RunningJob

EXCEPTION = re.compile(r"[\w.]*(?:Error|Exception)\b.*")


class Driver:
    """Runs the runner; its output is objects `<prefix>.000000000`, `.000000001`, ...

    Each write replaces the last object by a longer one, and an empty one ends the series. Without
    a URI the output is lost.
    """

    def __init__(
        self, job_id: str, job: dp.PySparkJob, output_uri: str, behaviour: Behaviour
    ) -> None:
        self.running = RunningJob(job_id, job, self._write)
        self.cancelled = self.running.cancelled
        self._behaviour = behaviour
        split = urlsplit(output_uri)
        self._bucket, self._base = split.netloc, split.path.lstrip("/")
        self._written = b""
        self._stored = 0

    def run(self) -> int:
        """Return the exit code."""
        if self.cancelled.is_set():
            return 1
        try:
            return self._behaviour.runner(self.running)
        except Exception:
            self._write(traceback.format_exc().encode())
            return 1

    def close(self) -> None:
        """Store the late output and the end of the series."""
        if self._behaviour.output_is_late:
            time.sleep(0.02)
        self._store()
        self._put(-(-len(self._written) // self._behaviour.output_object_bytes), b"")

    def last_exception(self) -> str:
        """The last line of a stack trace at the end of the output, or what the service says."""
        last = self._written.decode(errors="replace").rstrip().rpartition("\n")[2]
        return last if EXCEPTION.fullmatch(last) else "no exception in the driver's output"

    def _write(self, data: bytes) -> None:
        self._written += data
        if not self._behaviour.output_is_late:
            self._store()

    def _store(self) -> None:
        size = self._behaviour.output_object_bytes
        while self._stored < len(self._written):
            index = self._stored // size
            data = self._written[index * size : (index + 1) * size]
            self._put(index, data)
            self._stored = index * size + len(data)

    def _put(self, index: int, data: bytes) -> None:
        if self._bucket:
            self._behaviour.storage.put(self._bucket, f"{self._base}.{index:09d}", data)
