"""A driver's output is copied completely and once, also after broken connections."""

import io
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec_dataproc.google.driver_log import DriverLog
from movierec_dataproc.google.retries import with_retries
from tests.support.dataproc.cli_runner import BUCKET, CliRunner


class Memory:
    """A bucket in memory, whose first reads end after `lengths` bytes."""

    def __init__(self, lengths=()):
        self.objects: dict[str, bytes] = {}
        self.lengths = [*lengths]
        self.bytes_read = 0

    def size(self, name):
        return len(self.objects[name]) if name in self.objects else None

    def read_range(self, name, start, end):
        found = self.objects[name][start:end]
        found = found[: self.lengths.pop() if self.lengths else None]
        self.bytes_read += len(found)
        return found

    def append(self, index, data):
        name = f"log.{index:09d}"
        self.objects[name] = self.objects.get(name, b"") + data


def follow(memory):
    out = io.BytesIO()
    return DriverLog(memory, "log", out=out), out


def poll(log):
    """Poll once; reading nothing is a failure, which is repeated."""
    with suppress(ConnectionError):
        log.poll()


@settings(deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=30), max_size=8),
    st.lists(st.integers(0, 40), max_size=40),
    st.data(),
)
def test_the_copy_equals_the_series(parts, lengths, data):
    memory = Memory(lengths)
    log, out = follow(memory)
    for index, part in enumerate(parts):
        cut = data.draw(st.integers(0, len(part) - 1))
        if cut:
            memory.append(index, part[:cut])
            poll(log)
        memory.append(index, part[cut:])
        if data.draw(st.booleans()):
            poll(log)
    memory.append(len(parts), b"")
    for _ in range(1000):
        if log.ended:
            break
        poll(log)
    assert out.getvalue() == b"".join(parts)
    assert log.ended
    # nothing is read twice
    assert memory.bytes_read == sum(map(len, parts))


def test_the_next_object_is_looked_up_before_the_size_of_this_one(monkeypatch):
    """In the other order bytes that are appended in between would be lost."""
    memory = Memory()
    memory.append(0, b"early ")
    log, out = follow(memory)
    real, looked = memory.size, []

    def size(name):
        looked.append(name)
        found = real(name)
        if len(looked) == 1:
            memory.append(0, b"late ")
            memory.append(1, b"next")
        return found

    monkeypatch.setattr(memory, "size", size)
    assert log.poll() + log.poll() == len(b"early late next")
    assert looked[:2] == ["log.000000001", "log.000000000"]
    assert out.getvalue() == b"early late next"


@pytest.fixture
def cut(storage_server, monkeypatch):
    """A proxy that cuts the storage server's first long answer in the middle; what it has cut."""
    cut: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            sent = {"Range": self.headers["Range"]} if "Range" in self.headers else {}
            answer = requests.get(storage_server.url + self.path, headers=sent, timeout=20)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            content = answer.content
            if len(content) > 100_000 and not cut:
                cut.append(self.path)
                content = content[: len(content) // 2]
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
        yield cut
        server.shutdown()


def test_cut_connections_lose_no_byte(cut, storage_server):
    cli = CliRunner()
    parts = [bytes([65 + index]) * 300_000 + b"\n" for index in range(3)]
    log = cli.context().open_log(f"gs://{BUCKET}/job/driveroutput")
    for index, part in enumerate([*parts, b""]):
        storage_server.put(BUCKET, f"job/driveroutput.{index:09d}", part)
        with_retries(log.poll, place="log", terminal=cli.terminal)
    assert log.ended
    assert cli.out.getvalue() == b"".join(parts)
    assert len(cut) == 1
    # of a long output only the end is kept
    assert set(log.last_lines(1)[0]) == {"C"}
