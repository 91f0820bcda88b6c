"""Transient failures, and how often a call is repeated after them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import requests
from google.api_core import exceptions as api

from movierec_dataproc.google.errors import explain, explained, is_quota_error, one_line
from movierec_dataproc.google.terminal import Terminal

T = TypeVar("T")
# Google's libraries retry some of these themselves, for some calls and for some minutes
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
LONGEST_PAUSE: Final = 30.0
"""Seconds between two attempts at most."""


def is_transient(error: Exception) -> bool:
    """Tell whether the same request may succeed a little later."""
    # Python's own is of standard output, whose reader is gone
    passing = isinstance(error, TRANSIENT) and not isinstance(error, BrokenPipeError)
    return passing and not is_quota_error(error)


def with_retries(call: Callable[[], T], *, place: str, terminal: Terminal) -> T:
    """Return what the call returns, repeating it after transient failures.

    The call must be safe to repeat. The pauses are 1, 2, 4, … seconds, about two minutes in all;
    a library's own retries come on top. Raises UserError after the last attempt, and every other
    exception unchanged.
    """
    pause = 1.0
    for _ in range(ATTEMPTS - 1):
        try:
            return call()
        except Exception as error:
            if not is_transient(error):
                raise
            terminal.say(f"{place}: {one_line(error)}: trying again in {pause:g} s")
        terminal.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    try:
        return call()
    except TRANSIENT as error:
        raise explain(error, place=f"{place}, tried {ATTEMPTS} times") from None


def send(request: Callable[[], T], *, place: str, terminal: Terminal) -> T:
    """Return what with_retries returns; every exception of Google's becomes a UserError."""
    with explained(place):
        return with_retries(request, place=place, terminal=terminal)
