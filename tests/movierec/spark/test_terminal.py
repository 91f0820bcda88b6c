"""Lines on a terminal are never wider than it; a long wait is said."""

import fcntl
import io
import os
import pty
import re
import struct
import termios
import time

import pytest

from movierec.spark.terminal import can_redraw, progress_line, terminal_width, waiting_for
from tests.support.gates import SECONDS
from tests.support.screens import FakeTerminal


@pytest.mark.parametrize("width", [1, 10, 30, 60, 61, 80, 200])
@pytest.mark.parametrize("tail", ["0:01", "1234/5678 tasks, 12:34, stages: about 12.3 min left"])
def test_a_line_leaves_the_last_column_free(width, tail):
    line = progress_line("tune_als: trials", 3, 8, tail, width=width)
    assert len(line) < width
    assert line == f"tune_als: trials {tail}"[: width - 1] or "[" in line


@pytest.mark.parametrize(
    ("term", "redraws"), [("xterm-256color", True), ("dumb", False), (None, False)]
)
def test_a_line_is_redrawn_on_terminals_that_can(monkeypatch, term, redraws):
    monkeypatch.delenv("TERM", raising=False)
    if term is not None:
        monkeypatch.setenv("TERM", term)
    assert can_redraw(FakeTerminal()) is redraws
    assert not can_redraw(io.StringIO())


def test_the_width_is_that_of_the_stream_s_terminal():
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        assert terminal_width(stream) == 80  # no size is set
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 123, 0, 0))
        assert terminal_width(stream) == 123
    os.close(ours)


def test_a_long_wait_is_said_repeatedly_until_it_ends(capsys):
    ends, said = time.monotonic() + SECONDS, ""
    with waiting_for("an executor", name="tune_als", every=0.05):
        while said.count("\n") < 2 and time.monotonic() < ends:
            time.sleep(0.01)
            said += capsys.readouterr().err
    said += capsys.readouterr().err
    lines = said.splitlines()
    assert len(lines) >= 2
    assert all(
        re.fullmatch(r"tune_als: waiting for an executor, \d+ s now", line) for line in lines
    )
    time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_nothing_is_said_of_a_short_wait(capsys):
    with pytest.raises(KeyError), waiting_for("nothing", name="x", every=5.0):
        raise KeyError
    assert capsys.readouterr().err == ""
