"""What jobs write on a terminal: a progress bar that is redrawn, and reminders of a long wait."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

CLEAR_REST = "\x1b[K"
"""Clears a terminal's line from the cursor on."""
REMINDER_SECONDS = 30.0
_LONGEST_BAR = 30
_SHORTEST_BAR = 5
# the usual length of the text behind a bar: the bar must not change its length with every word
_TAIL_LENGTH = 42


def can_redraw(stream: TextIO) -> bool:
    """Return whether the stream is a terminal on which a line can be redrawn."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def terminal_width(stream: TextIO) -> int:
    """Return the width of the stream's terminal in characters."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:  # a terminal for Python, but not for the operating system
        return shutil.get_terminal_size().columns


def progress_line(head: str, done: int, total: int, tail: str, *, width: int) -> str:
    """Return the head, a bar for `done` of `total`, and the tail, in less than `width` characters.

    The last column stays free, as a character there could wrap. There is no bar if there is no
    total or no room; a line that is still too long is cut.

    >>> progress_line("find_twins: proof", 3, 8, "3/8 tasks", width=80)
    'find_twins: proof [######..........] 3/8 tasks'
    """
    length = min(width - 1 - len(f"{head} [] ") - _TAIL_LENGTH, _LONGEST_BAR)
    if total and length >= _SHORTEST_BAR:
        filled = length * min(done, total) // total
        head = f"{head} [{'#' * filled}{'.' * (length - filled)}]"
    return f"{head} {tail}"[: width - 1]


@contextmanager
def waiting_for(what: str, *, name: str, every: float = REMINDER_SECONDS) -> Iterator[None]:
    """Say on standard error every `every` seconds, until the block ends, what `name` waits for."""
    ended = threading.Event()
    started = time.monotonic()

    def remind() -> None:
        while not ended.wait(every):
            seconds = time.monotonic() - started
            print(f"{name}: waiting for {what}, {seconds:.0f} s now", file=sys.stderr, flush=True)

    reminder = threading.Thread(target=remind, daemon=True)
    reminder.start()
    try:
        yield
    finally:
        ended.set()
        reminder.join()
