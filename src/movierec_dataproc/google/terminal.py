"""What is said to the user, what is asked, and the time that passes: all that tests put aside."""

from __future__ import annotations

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
    keys: TextIO = field(default_factory=lambda: sys.stdin)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    """Seconds that only ever grow."""

    def say(self, message: str) -> None:
        """Write a message, each of its lines behind the program's name."""
        for line in message.splitlines():
            print(f"{self.name}: {line}", file=self.err, flush=True)

    def write(self, text: str) -> None:
        """Write a line to standard output."""
        self.out.write(text.encode() + b"\n")
        self.out.flush()

    def interactive(self) -> bool:
        """Tell whether somebody can answer a question."""
        return self.keys.isatty()

    def ask(self, question: str) -> str:
        """Return the answer's first letter in lower case, empty where there is none."""
        print(f"{self.name}: {question} ", end="", file=self.err, flush=True)
        return self.keys.readline().strip().lower()[:1]
