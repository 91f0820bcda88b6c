"""Jobs and batches at work: followed to their end, detached from, cancelled, taken up again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Final, Protocol

from movierec.errors import UserError
from movierec_dataproc.conf.naming import attempt_id
from movierec_dataproc.google.driver_log import DriverLog
from movierec_dataproc.google.errors import WorkError, one_line
from movierec_dataproc.google.retries import retried
from movierec_dataproc.google.terminal import Terminal

LAG: Final = 10.0
"""Seconds that the end of a driver's output may come after the job's."""
LAST_LINES: Final = 15


class Interrupted(UserError):  # noqa: N818 it is no error, only an exit code
    """The user pressed Ctrl-C; the message says what goes on and how to take it up again."""

    exit_code = 130


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a piece of work is."""

    state: str
    ended: bool
    good: bool
    """It ended, and well."""
    details: str = ""
    note: str = ""
    """What it is doing, where Dataproc tells."""
    cure: str = ""
    """What to do about a failure, where that is known."""
    log_uri: str = ""
    """What the names of its driver's output begin with."""


class Work(Protocol):
    """A job or a batch that Dataproc knows."""

    @property
    def name(self) -> str:
        """Kind and id, for messages."""

    @property
    def follow_command(self) -> str:
        """What to type to follow it again."""

    @property
    def cancel_command(self) -> str:
        """What to type to cancel it."""

    def progress(self) -> Progress:
        """Ask Dataproc."""

    def cancel(self) -> None:
        """Have Dataproc cancel it."""


def next_attempt(
    first: str, find: Callable[[str], Progress | None], *, redo: bool
) -> tuple[str, Progress | None]:
    """Return the id to work under, and how far the work of that id is, None for new work.

    The last attempt stands while it runs, and when it has ended well unless `redo`; after a
    failed one comes the next.
    """
    last: Progress | None = None
    for attempt in count(1):
        found = find(attempt_id(first, attempt))
        if found is None:
            if last is None or (last.ended and (redo or not last.good)):
                return attempt_id(first, attempt), None
            return attempt_id(first, attempt - 1), last
        last = found
    raise AssertionError  # attempts are counted without end


@dataclass(frozen=True)
class Limit:
    """How long work is followed."""

    seconds: float
    told: str
    """The key of the conf and its value."""


def follow(
    work: Work,
    *,
    open_log: Callable[[str], DriverLog],
    terminal: Terminal,
    poll_seconds: float,
    limit: Limit | None = None,
) -> Progress:
    """Follow the work to its end, its driver's output going to standard output as it comes.

    Raises WorkError at the limit, None being without end, and Interrupted at Ctrl-C; in both cases
    the work goes on, unless the user wants it cancelled.
    """
    try:
        return _follow(work, open_log, terminal, poll_seconds, limit)
    except KeyboardInterrupt:
        raise interrupted(work, terminal) from None


def _follow(
    work: Work,
    open_log: Callable[[str], DriverLog],
    terminal: Terminal,
    poll_seconds: float,
    limit: Limit | None,
) -> Progress:
    started, said = terminal.now(), ("", "")
    log: DriverLog | None = None
    while True:
        progress = retried(work.progress, place=work.name, terminal=terminal)
        if said != (progress.state, progress.note):
            said = (progress.state, progress.note)
            terminal.say(f"{work.name}: {' '.join(filter(None, said))}")
        if log is None and progress.log_uri:
            log = open_log(progress.log_uri)
        if progress.ended:
            if log is not None:
                drain(log, place=progress.log_uri, terminal=terminal)
            if not progress.good:
                tell_last_lines(log, progress, terminal)
            return progress
        if log is not None:
            retried(log.poll, place=progress.log_uri, terminal=terminal)
        if limit is not None and terminal.now() - started > limit.seconds:
            raise WorkError(
                f"{work.name}: still {progress.state} at the end of {limit.told}; "
                f"it goes on: {work.follow_command}; or end it: {work.cancel_command}"
            )
        terminal.sleep(poll_seconds)


def drain(log: DriverLog, *, place: str, terminal: Terminal) -> None:
    """Copy what is left of the output, whose end comes a little after the job's, or never."""
    quiet_since = terminal.now()
    while True:
        if retried(log.poll, place=place, terminal=terminal):
            quiet_since = terminal.now()
        if log.ended or terminal.now() - quiet_since >= LAG:
            return
        terminal.sleep(0.5)


def tell_last_lines(log: DriverLog | None, progress: Progress, terminal: Terminal) -> None:
    """Say how the driver's output of failed work ends, and where it is."""
    lines = log.last_lines(LAST_LINES) if log is not None else []
    if lines:
        terminal.say("the driver's last lines:")
        for line in lines:
            terminal.say(f"  {line}")
    if progress.log_uri:
        terminal.say(f"driver output: {progress.log_uri}.*")


def failed(work: Work, progress: Progress) -> WorkError:
    """Return the error that work which ended badly is."""
    details = one_line(progress.details) or "Dataproc gives no details"
    cure = f"; {progress.cure}" if progress.cure else ""
    return WorkError(f"{work.name}: ended in {progress.state}: {details}{cure}")


def interrupted(work: Work, terminal: Terminal) -> Interrupted:
    """Ask whether to cancel the work, where somebody can answer, and return what to exit with."""
    answer = ""
    if terminal.interactive():
        try:
            answer = terminal.ask(f"cancel {work.name} (c) or leave it running (any other key)?")
        except KeyboardInterrupt:
            answer = ""
    if answer == "c":
        retried(work.cancel, place=work.name, terminal=terminal)
        return Interrupted(f"{work.name}: cancelling; see how it ends: {work.follow_command}")
    return Interrupted(
        f"{work.name}: left running\nfollow it: {work.follow_command}\n"
        f"cancel it: {work.cancel_command}"
    )
