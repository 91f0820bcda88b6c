"""What a terminal is, how wide, and a line on it that is drawn anew."""

from __future__ import annotations

import os
import shutil
from typing import TextIO

CLEAR_REST = "\x1b[K"
"""Clears a terminal's line from the cursor on."""
_LONGEST_BAR = 30
_SHORTEST_BAR = 5
# what mostly stands behind a bar: its length must not change with every word there
_TAIL = 42


def can_redraw(stream: TextIO) -> bool:
    """Tell whether the stream is a terminal on which a line can be drawn anew."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def columns(stream: TextIO) -> int:
    """Return the width of the stream's terminal in characters."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:  # a terminal to Python, but none to the system
        return shutil.get_terminal_size().columns


def bar_line(head: str, done: int, total: int, tail: str, *, width: int) -> str:
    """Return the head, a bar for `done` of `total`, and the tail, in less than `width` characters.

    The last column stays free, as a character there could wrap. No bar where there is no total or
    no room; what is too long then ends early.

    >>> bar_line("find_twins: proof", 3, 8, "3/8 tasks", width=80)
    'find_twins: proof [######..........] 3/8 tasks'
    """
    length = min(width - 1 - len(f"{head} [] ") - _TAIL, _LONGEST_BAR)
    if total and length >= _SHORTEST_BAR:
        filled = length * min(done, total) // total
        head = f"{head} [{'#' * filled}{'.' * (length - filled)}]"
    return f"{head} {tail}"[: width - 1]
