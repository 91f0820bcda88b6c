"""Failures that pass, and how often to try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import requests
from google.api_core import exceptions as api

from movierec_dataproc.google.errors import REMOTE, explain, is_quota, one_line
from movierec_dataproc.google.terminal import Terminal

T = TypeVar("T")
# the libraries retry some of these by themselves, for some calls and some minutes. Aborted is a
# Conflict to Google's library: whoever catches Conflict has to mean AlreadyExists alone
TRANSIENT: Final[tuple[type[Exception], ...]] = (
    api.Aborted,
    api.BadGateway,
    api.GatewayTimeout,
    api.InternalServerError,
    api.RetryError,
    api.ServiceUnavailable,
    requests.exceptions.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.Timeout,
    ConnectionError,
)
ATTEMPTS: Final = 8
LONGEST: Final = 30.0
"""Seconds between two attempts at most."""


def passes(error: Exception) -> bool:
    """Tell whether the same request may do well a little later."""
    return isinstance(error, TRANSIENT) and not is_quota(error)


def retried(call: Callable[[], T], *, place: str, terminal: Terminal) -> T:
    """Return what the call returns, after failures that pass; only for calls that may be repeated.

    Waits 1, 2, 4, … seconds between attempts, some two minutes in all, beside what a library takes
    for attempts of its own. Raises UserError after the
    last one, and every other exception as it is.
    """
    pause = 1.0
    for _ in range(ATTEMPTS - 1):
        try:
            return call()
        except Exception as error:
            if not passes(error):
                raise
            terminal.say(f"{place}: {one_line(error)}: trying again in {pause:g} s")
        terminal.sleep(pause)
        pause = min(2 * pause, LONGEST)
    try:
        return call()
    except TRANSIENT as error:
        raise explain(error, place=f"{place}, tried {ATTEMPTS} times") from None


def submit_once(send: Callable[[], object], *, name: str, terminal: Terminal) -> None:
    """Submit work that has an id of its own: after a lost answer that id finds it again.

    Raises UserError where Dataproc refuses it.
    """

    def attempt() -> None:
        try:
            send()
        except api.Aborted:
            raise
        except api.Conflict:
            terminal.say(f"{name}: is there already; following it")

    try:
        retried(attempt, place=name, terminal=terminal)
    except REMOTE as error:
        raise explain(error, place=name) from None
