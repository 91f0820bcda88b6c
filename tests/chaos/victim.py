"""A job that kills itself, its JVM and its workers, with SIGKILL at a moment of its work.

    python tests/chaos/victim.py STAGE MOMENT --config … [--set …]

MOMENT is `before:N`, `during:N` or `after:N` the N-th write, counted from 0, or `before:manifest`
and so on; or a number of seconds after the job's own work began.
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
from movierec.pipeline.workspace import Draft
from movierec.run_all import load_run
from movierec.spark.files import Files

WITHIN = 0.15
"""Seconds after which a write is under way and, with any luck, not over."""


def kill() -> None:
    """End the process group, which is ours alone."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


def dying(write: Callable[..., Any], when: str, which: str, counter: count[int]) -> Any:
    """The same write, which does not survive its moment."""

    @wraps(write)
    def wrapped(*arguments: Any) -> Any:
        number = next(counter)
        mine = which == ("manifest" if is_manifest(arguments) else str(number))
        if mine and when == "before":
            kill()
        if mine and when == "during":
            threading.Timer(WITHIN, kill).start()
        result = write(*arguments)
        if mine and when == "after":
            kill()
        return result

    return wrapped


def is_manifest(arguments: tuple[Any, ...]) -> bool:
    """Tell whether a write is that of a manifest, which is a text at a path."""
    return isinstance(arguments[1], str) and arguments[1].endswith(MANIFEST)


def arm(moment: str) -> None:
    """Have the process die at a write."""
    when, _, which = moment.partition(":")
    counter = count()
    # a manifest, a summary and a trial are texts
    for owner, name in ((Draft, "write"), (Files, "write_text")):
        setattr(owner, name, dying(getattr(owner, name), when, which, counter))


def run(stage: str, moment: str, arguments: list[str]) -> None:
    """Run the stage's job with its command line."""
    (found,) = (one for one in dag.PIPELINE if one.name == stage)
    work = load_run(found)
    if ":" in moment:
        arm(moment)

    def timed(context: Context) -> None:
        if ":" not in moment:
            threading.Timer(float(moment), kill).start()
        work(context)

    main(found, timed, arguments)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], sys.argv[3:])
