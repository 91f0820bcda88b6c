"""A job that kills itself, its JVM and its Python workers with SIGKILL at a given moment.

    python tests/chaos/victim.py STAGE MOMENT --config … [--set …]

MOMENT is `before:N`, `during:N` or `after:N` for the N-th write, counted from 0; `before:manifest`
and so on; or a number of seconds after the stage's `run` began.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any

from movierec.pipeline import dag
from movierec.pipeline.cli import main
from movierec.pipeline.context import Context
from movierec.pipeline.manifest import MANIFEST
from movierec.pipeline.workspace import Attempt
from movierec.run_all import load_run
from movierec.spark.files import Files

KILL_DELAY = 0.15
"""Seconds after which a write has begun and has probably not ended."""


def kill() -> None:
    """Kill the process group, which has only this job's processes."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


def killing(write: Callable[..., Any], when: str, which: str, counter: count[int]) -> Any:
    """Return the function `write`, which kills the process at its moment."""

    @wraps(write)
    def wrapped(*arguments: Any) -> Any:
        number, name = next(counter), arguments[1]
        is_manifest = isinstance(name, str) and name.endswith(MANIFEST)
        mine = which == ("manifest" if is_manifest else str(number))
        if mine and when == "before":
            kill()
        if mine and when == "during":
            threading.Timer(KILL_DELAY, kill).start()
        result = write(*arguments)
        if mine and when == "after":
            kill()
        return result

    return wrapped


def run(stage: str, moment: str, arguments: list[str]) -> None:
    """Run the stage's job with these arguments."""
    (found,) = (one for one in dag.PIPELINE if one.name == stage)
    run_whole = load_run(found)
    when, at_a_write, which = moment.partition(":")
    counter = count()
    # manifests, summaries and trials are texts
    for owner, name in ((Attempt, "write"), (Attempt, "write_directory"), (Files, "write_text")):
        if at_a_write:
            setattr(owner, name, killing(getattr(owner, name), when, which, counter))

    def timed(context: Context) -> None:
        if not at_a_write:
            threading.Timer(float(moment), kill).start()
        run_whole(context)

    main(found, timed, arguments)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], sys.argv[3:])
