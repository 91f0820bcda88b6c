"""Lines for a terminal: never wider than it, never on what is none."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios

import pytest

from movierec.spark.console import bar_line, can_redraw, columns
from tests.support.screens import FakeTerminal


@pytest.mark.parametrize(
    ("done", "bar"),
    [(0, "[" + "." * 30 + "]"), (5, "[" + "#" * 15 + "." * 15 + "]"), (10, "[" + "#" * 30 + "]")],
)
def test_a_bar_shows_the_share_that_is_done(done: int, bar: str) -> None:
    assert bar_line("head", done, 10, "tail", width=100) == f"head {bar} tail"


def test_a_bar_is_never_longer_than_itself() -> None:
    assert bar_line("head", 12, 10, "tail", width=100) == bar_line(
        "head", 10, 10, "tail", width=100
    )


def test_without_a_total_there_is_no_bar() -> None:
    assert bar_line("head", 0, 0, "tail", width=100) == "head tail"


@pytest.mark.parametrize("width", [1, 10, 30, 60, 61, 80, 200])
@pytest.mark.parametrize("tail", ["0:01", "1234/5678 tasks, 12:34, stages: about 12.3 min left"])
def test_a_line_leaves_the_last_column_free(width: int, tail: str) -> None:
    line = bar_line("tune_als: trials", 3, 8, tail, width=width)
    assert len(line) < width
    assert line == f"tune_als: trials {tail}"[: width - 1] or "[" in line


def test_a_bar_keeps_its_length_whatever_stands_behind_it() -> None:
    bars = {
        bar_line("evaluate: compare", 1, 2, tail, width=80).partition("]")[0]
        for tail in ("0:01", "1/2 tasks, 0:01", "1/2 tasks, 0:01, stages: about 12 s left")
    }
    assert len(bars) == 1


@pytest.mark.parametrize(
    ("term", "redraws"), [("xterm-256color", True), ("dumb", False), (None, False)]
)
def test_a_line_is_redrawn_on_terminals_that_can(
    monkeypatch: pytest.MonkeyPatch, term: str | None, redraws: bool
) -> None:
    monkeypatch.delenv("TERM", raising=False)
    if term is not None:
        monkeypatch.setenv("TERM", term)
    assert can_redraw(FakeTerminal()) is redraws
    assert not can_redraw(io.StringIO())


def test_the_width_is_that_of_the_stream_s_own_terminal() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        assert columns(stream) == 80  # it has not been told a size
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 123, 0, 0))
        assert columns(stream) == 123
    os.close(ours)


def test_a_terminal_that_is_none_of_the_system_s_has_the_default_width(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "47")
    assert columns(FakeTerminal()) == 47
