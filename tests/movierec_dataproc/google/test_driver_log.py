"""A driver's output is copied completely and once, also after broken connections."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from google.api_core import exceptions as api
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.errors import InputError, UserError
from movierec_dataproc.google.driver_log import DriverLog
from movierec_dataproc.google.retries import with_retries
from tests.support.dataproc.cli_runner import BUCKET, CliRunner
from tests.support.dataproc.fake_storage import FakeStorage


class Memory:
    """A bucket in memory; the next reads raise `faults`, and a read returns up to `most` bytes."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.faults: list[Exception] = []
        self.most = 1 << 30
        self.reads: list[tuple[str, int, int]] = []

    def size(self, name: str) -> int | None:
        """An object's bytes."""
        return len(self.objects[name]) if name in self.objects else None

    def read_range(self, name: str, start: int, end: int) -> bytes:
        """A part of an object."""
        if self.faults:
            raise self.faults.pop(0)
        self.reads.append((name, start, end))
        return self.objects[name][start:end][: self.most]

    def append(self, index: int, data: bytes) -> None:
        """Let an object grow."""
        name = f"log.{index:09d}"
        self.objects[name] = self.objects.get(name, b"") + data


def follow(memory: Memory) -> tuple[DriverLog, io.BytesIO]:
    out = io.BytesIO()
    return DriverLog(memory, "log", out=out), out


def test_a_growing_series_of_five_objects_is_followed() -> None:
    memory = Memory()
    log, out = follow(memory)
    assert log.poll() == 0
    expected = b""
    for index in range(5):
        for data in (b"first\n", "zw\u00f6lf \u2013 half a line".encode(), b" and its end\n"):
            memory.append(index, data)
            expected += data
            assert log.poll() == len(data)
            assert out.getvalue() == expected
    assert not log.ended
    memory.append(5, b"")
    log.poll()
    assert log.ended
    assert out.getvalue() == expected
    assert log.last_lines(1) == ["zwölf – half a line and its end"]
    # nothing was read twice
    assert sum(end - start for _, start, end in memory.reads) == len(expected)


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=30), max_size=8), st.integers(1, 40), st.data())
def test_the_copy_equals_the_series(parts: list[bytes], most: int, data: st.DataObject) -> None:
    memory = Memory()
    memory.most = most
    log, out = follow(memory)
    for index, part in enumerate(parts):
        cut = data.draw(st.integers(0, len(part) - 1))
        if cut:
            memory.append(index, part[:cut])
            log.poll()
        memory.append(index, part[cut:])
        if data.draw(st.booleans()):
            log.poll()
    memory.append(len(parts), b"")
    for _ in range(1000):
        if log.ended:
            break
        log.poll()
    assert out.getvalue() == b"".join(parts)


def test_the_next_object_is_looked_up_before_the_size_of_this_one() -> None:
    """In the other order bytes that are appended in between would be lost."""
    memory = Memory()
    memory.append(0, b"early ")
    looked: list[str] = []

    class Racing(Memory):
        def size(self, name: str) -> int | None:
            looked.append(name)
            found = memory.size(name)
            if len(looked) == 1:
                memory.append(0, b"late ")
                memory.append(1, b"next")
            return found

    racing = Racing()
    racing.objects = memory.objects
    out = io.BytesIO()
    log = DriverLog(racing, "log", out=out)
    log.poll()
    log.poll()
    assert looked[:2] == ["log.000000001", "log.000000000"]
    assert out.getvalue() == b"early late next"


def test_a_shrinking_object_is_an_error() -> None:
    memory = Memory()
    memory.append(0, b"0123456789")
    log, _ = follow(memory)
    log.poll()
    memory.objects["log.000000000"] = b"01234"
    with pytest.raises(InputError, match="has 5 bytes, fewer than the 10 that were read"):
        log.poll()


@pytest.mark.parametrize(
    "fault",
    [
        requests.exceptions.ChunkedEncodingError("cut"),
        requests.exceptions.ConnectionError("refused"),
        ConnectionResetError("reset"),
        api.ServiceUnavailable("503"),
        api.InternalServerError("500"),
    ],
)
def test_a_transient_failure_loses_no_byte(fault: Exception) -> None:
    memory, cli = Memory(), CliRunner()
    memory.append(0, b"before ")
    log, out = follow(memory)
    log.poll()
    memory.append(0, b"after")
    memory.faults = [fault, fault, fault]
    assert with_retries(log.poll, place="log", terminal=cli.terminal) == 5
    assert out.getvalue() == b"before after"
    assert cli.clock.slept == [1.0, 2.0, 4.0]
    assert "trying again in 4 s" in cli.stderr


def test_a_lasting_failure_ends_in_one_line() -> None:
    memory, cli = Memory(), CliRunner()
    memory.append(0, b"x")
    memory.faults = [api.ServiceUnavailable("no\nway")] * 8
    log, _ = follow(memory)
    with pytest.raises(UserError, match=r"log, tried 8 times: ServiceUnavailable: .*no way"):
        with_retries(log.poll, place="log", terminal=cli.terminal)
    assert sum(cli.clock.slept) == 1 + 2 + 4 + 8 + 16 + 30 + 30


class CuttingProxy:
    """Forwards connections to a server, and cuts the first few with a long answer."""

    def __init__(self, url: str, *, cuts: int, after: int) -> None:
        self._to = (urlsplit(url).hostname or "", urlsplit(url).port or 0)
        self.cuts = cuts
        self._after = after
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections."""
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(self._to)
            threading.Thread(target=self._pump, args=(near, far), daemon=True).start()
            threading.Thread(target=self._answer, args=(far, near), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(4096):
                sink.sendall(data)
        except OSError:
            pass

    def _answer(self, source: socket.socket, sink: socket.socket) -> None:
        passed = 0
        try:
            while data := source.recv(4096):
                passed += len(data)
                with self._lock:
                    cut = self.cuts > 0 and passed > self._after
                    self.cuts -= cut
                if cut:
                    sink.sendall(data[: len(data) // 2])
                    sink.shutdown(socket.SHUT_RDWR)
                    return
                sink.sendall(data)
        except OSError:
            pass


@pytest.fixture
def proxy(storage_server: FakeStorage, monkeypatch: pytest.MonkeyPatch) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(storage_server.url, cuts=3, after=100_000)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
    yield proxy
    proxy.close()


def test_cut_connections_lose_no_byte(proxy: CuttingProxy, storage_server: FakeStorage) -> None:
    cli = CliRunner()
    context = cli.context()
    parts = [bytes([65 + index]) * 300_000 + b"\n" for index in range(5)]
    log = context.open_log(f"gs://{BUCKET}/job/driveroutput")
    for index, part in enumerate([*parts, b""]):
        storage_server.put(BUCKET, f"job/driveroutput.{index:09d}", part)
        with_retries(log.poll, place="log", terminal=cli.terminal)
    assert log.ended
    assert cli.out.getvalue() == b"".join(parts)
    assert proxy.cuts == 0
