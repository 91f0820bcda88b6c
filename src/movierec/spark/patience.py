"""Says what a job is waiting for, when what it waits for is somebody else's."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

EVERY_SECONDS = 30.0


@contextmanager
def waiting_for(what: str, *, name: str, every: float = EVERY_SECONDS) -> Iterator[None]:
    """Say on standard error, each so many seconds until the block ends, what is waited for."""
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
