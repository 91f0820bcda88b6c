"""The terminal and the clock, which tests replace."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, TextIO


@dataclass
class Terminal:
    """Messages go to standard error; standard output has the driver's output and the summary."""

    name: str = "dataproc"
    out: BinaryIO = field(default_factory=lambda: sys.stdout.buffer)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    keyboard: TextIO = field(default_factory=lambda: sys.stdin)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    """Monotonic seconds."""

    def say(self, message: str) -> None:
        """Write a message, each of its lines after the program's name."""
        for line in message.splitlines():
            print(f"{self.name}: {line}", file=self.err, flush=True)

    def write(self, text: str) -> None:
        """Write a line to standard output."""
        self.out.write(text.encode() + b"\n")
        self.out.flush()

    def drop_output(self) -> None:
        """Drop what nobody reads any more, so that Python's end does not complain about it."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.out.fileno())

    def interactive(self) -> bool:
        """Tell whether a user can answer a question."""
        return self.keyboard.isatty()

    def ask(self, question: str) -> str:
        """Return the answer's first letter in lower case, empty if there is none."""
        print(f"{self.name}: {question} ", end="", file=self.err, flush=True)
        return self.keyboard.readline().strip().lower()[:1]
