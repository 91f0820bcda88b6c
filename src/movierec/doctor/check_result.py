"""The result of a check, and checks that fail themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from movierec.errors import UserError
from movierec.spark.java_errors import storage_fault

State = Literal["ok", "warning", "error"]
_FROM_JAVA: Final = re.compile(r": \w+(Exception|Error)\b")
_LAST_OF_A_TRACE: Final = re.compile(r"^[\w.]+(Exception|Error): ")


@dataclass(frozen=True)
class CheckResult:
    """The result of one check."""

    name: str
    state: State
    """`ok`; `warning`: a run may take longer or fail; `error`: it would fail."""
    found: str
    """What is there, with values and units, in one line."""
    fix: str = ""
    """What to do about it; empty if the state is `ok`."""

    def lines(self) -> list[str]:
        """Return it for people to read, the fix in a line of its own."""
        lines = [f"{self.state:<8} {self.name:<12} {self.found}"]
        return [*lines, f"{'':<21} fix: {self.fix}"] if self.fix else lines

    def fields(self) -> dict[str, str]:
        """Return it for the job's last line on standard output."""
        return {"name": self.name, "state": self.state, "found": self.found, "cure": self.fix}


def result_of(
    name: str, *, good: bool, found: str, fix: str, otherwise: State = "warning", why: str = ""
) -> CheckResult:
    """Return `ok` if it is good, else the state `otherwise`, with the fix and `why` it is not."""
    if good:
        return CheckResult(name, "ok", found)
    return CheckResult(name, otherwise, found + why, fix)


def run_check(name: str, check: Callable[[], CheckResult], *, fix: str) -> CheckResult:
    """Return the check's result; if it raises, an error with the fix that the message ends in.

    `fix` is for a message that names none.
    """
    try:
        return check()
    except UserError as error:
        message = str(error)
    except Exception as error:
        fault = storage_fault(error)
        return CheckResult(name, "error", _one_line(error) if fault is None else str(fault), fix)
    found, semicolon, own_fix = message.rpartition("; ")
    # messages of Java may hold a semicolon too, but no fix follows it
    if semicolon and not _FROM_JAVA.search(message):
        return CheckResult(name, "error", found, own_fix)
    return CheckResult(name, "error", message, fix)


def skipped(names: Sequence[str], *, because: str) -> CheckResult:
    """Return a warning that the named checks could not run."""
    found = f"not checked, as {because}: {', '.join(names)}"
    return CheckResult("others", "warning", found, "fix the errors above, then run doctor again")


def gib(size: int) -> str:
    """Return bytes of memory in GiB.

    >>> gib(3 << 29)
    '1.5 GiB'
    """
    return f"{size / (1 << 30):,.1f} GiB"


def gb(size: int) -> str:
    """Return bytes of a disk in GB, below 0.1 GB in MB.

    >>> gb(12_340_000_000), gb(11_000_000)
    ('12.3 GB', '11 MB')
    """
    return f"{size / 1e6:.0f} MB" if size < 100_000_000 else f"{size / 1e9:,.1f} GB"


def _one_line(error: Exception) -> str:
    """Return the error's class and first line; of a Python worker's traceback the last line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    ends = [line for line in lines if _LAST_OF_A_TRACE.match(line)]
    line = ends[-1] if ends else next(iter(lines), "")
    return f"{type(error).__name__}: {line}".removesuffix(": ")
