"""Jobs, batches, operations and clusters that Dataproc works on: followed, detached, cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Final

from movierec.errors import UserError
from movierec_dataproc.conf.naming import attempt_id
from movierec_dataproc.google.driver_log import DriverLog
from movierec_dataproc.google.errors import WorkError, one_line
from movierec_dataproc.google.retries import with_retries
from movierec_dataproc.google.terminal import Terminal

OUTPUT_LAG_SECONDS: Final = 10.0
"""How long after a job's end to wait for the end of its driver's output."""
LAST_LINES: Final = 15


class Interrupted(UserError):  # noqa: N818 it is no error, only an exit code
    """The user pressed Ctrl-C; the message says what still runs and how to follow it again."""

    exit_code = 130


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The state of remote work."""

    state: str
    ended: bool
    succeeded: bool
    details: str = ""
    note: str = ""
    """The current step, if Dataproc gives it."""
    fix: str = ""
    """The suggested fix of a failure, if one is known."""
    log_uri: str = ""
    """The common prefix of the objects that hold the driver's output."""


@dataclass(frozen=True, kw_only=True)
class RemoteWork:
    """A job, batch, operation or cluster that Dataproc works on."""

    name: str
    """Kind and id, for messages."""
    follow_command: str
    """The command that follows it again."""
    cancel_command: str
    """The command that cancels it."""
    progress: Callable[[], Progress]
    """Returns its state at Dataproc. Raises what Google's library raises."""
    cancel: Callable[[], object]
    """Has Dataproc cancel it."""
    log_command: str = ""
    """The command that prints its driver's output if no objects hold it."""


def next_attempt(
    first: str, find: Callable[[str], Progress | None], *, redo: bool
) -> tuple[str, Progress | None]:
    """Return the id to use, and the progress of the attempt with that id, None for a new one.

    The last attempt is used while it runs, and after it succeeded unless `redo`. After a failure
    the next attempt's id is returned.
    """
    last: Progress | None = None
    for attempt in count(1):
        found = find(attempt_id(first, attempt))
        if found is None:
            if last is None or (last.ended and (redo or not last.succeeded)):
                return attempt_id(first, attempt), None
            return attempt_id(first, attempt - 1), last
        last = found
    raise AssertionError  # attempts are counted without end


@dataclass(frozen=True)
class TimeLimit:
    """How long work is followed."""

    seconds: float
    setting: str
    """The key of the conf and its value, for messages."""


def follow(
    work: RemoteWork,
    *,
    open_log: Callable[[str], DriverLog],
    terminal: Terminal,
    poll_seconds: float,
    limit: TimeLimit | None,
) -> Progress:
    """Follow the work until it ends and copy its driver's output to standard output meanwhile.

    Raises WorkError at the limit (None: no limit); the work goes on.
    """
    started, printed = terminal.now(), ("", "")
    log: DriverLog | None = None
    while True:
        progress = with_retries(work.progress, place=work.name, terminal=terminal)
        if printed != (progress.state, progress.note):
            printed = (progress.state, progress.note)
            terminal.say(f"{work.name}: {' '.join(filter(None, printed))}")
        if log is None and progress.log_uri:
            log = open_log(progress.log_uri)
        if progress.ended:
            if log is not None:
                drain(log, place=progress.log_uri, terminal=terminal)
            elif work.log_command:
                terminal.say(f"driver output: {work.log_command}")
            if not progress.succeeded:
                print_last_lines(log, progress, terminal)
            return progress
        if log is not None:
            with_retries(log.poll, place=progress.log_uri, terminal=terminal)
        if limit is not None and terminal.now() - started > limit.seconds:
            raise WorkError(
                f"{work.name}: still {progress.state} at the end of {limit.setting}; it goes on: "
                f"follow it with `{work.follow_command}`, or cancel it with `{work.cancel_command}`"
            )
        terminal.sleep(poll_seconds)


def drain(log: DriverLog, *, place: str, terminal: Terminal) -> None:
    """Copy the rest of the output, whose end arrives shortly after the job's end, or never."""
    quiet_since = terminal.now()
    while True:
        if with_retries(log.poll, place=place, terminal=terminal):
            quiet_since = terminal.now()
        if log.ended or terminal.now() - quiet_since >= OUTPUT_LAG_SECONDS:
            return
        terminal.sleep(0.5)


def print_last_lines(log: DriverLog | None, progress: Progress, terminal: Terminal) -> None:
    """Print the last lines of a failed driver's output, and where the output is."""
    lines = log.last_lines(LAST_LINES) if log is not None else []
    if lines:
        terminal.say("the driver's last lines:")
        for line in lines:
            terminal.say(f"  {line}")
    if progress.log_uri:
        terminal.say(f"driver output: {progress.log_uri}.*")


def failure(work: RemoteWork, progress: Progress) -> WorkError:
    """Return the error for work that has failed."""
    details = one_line(progress.details) or "Dataproc gives no details"
    fix = f"; {progress.fix}" if progress.fix else ""
    return WorkError(f"{work.name}: ended in {progress.state}: {details}{fix}")


def interruption(work: RemoteWork, terminal: Terminal) -> Interrupted:
    """Ask on a terminal whether to cancel the work, and return the error to exit with."""
    answer = ""
    if terminal.interactive():
        try:
            answer = terminal.ask(f"cancel {work.name} (c) or leave it running (any other key)?")
        except KeyboardInterrupt:
            answer = ""
    if answer == "c":
        with_retries(work.cancel, place=work.name, terminal=terminal)
        return Interrupted(f"{work.name}: cancelling; see how it ends: {work.follow_command}")
    return Interrupted(
        f"{work.name}: left running\nfollow it: {work.follow_command}\n"
        f"cancel it: {work.cancel_command}"
    )
