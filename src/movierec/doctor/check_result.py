"""What is found before work starts: each thing with its state, and its cure where it needs one."""

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
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    """`ok`; `warning`: a run may take longer or fail; `error`: it would fail."""
    found: str
    """What is there, with its values and units, in one line."""
    cure: str = ""
    """What to do about it; empty where the state is `ok`."""

    def lines(self) -> list[str]:
        """Return it for people to read, the cure in a line of its own."""
        lines = [f"{self.state:<8} {self.name:<12} {self.found}"]
        return [*lines, f"{'':<21} cure: {self.cure}"] if self.cure else lines


def guarded(name: str, check: Callable[[], Finding], *, cure: str) -> Finding:
    """Return what the check finds; that it fails is found too, with the cure that it names.

    `cure` is for a failure that names none.
    """
    try:
        return check()
    except UserError as error:
        said = str(error)
    except Exception as error:
        fault = storage_fault(error)
        return Finding(name, "error", _one_line(error) if fault is None else str(fault), cure)
    found, semicolon, own = said.rpartition("; ")
    # what Java says may have a semicolon too, but behind it stands no cure
    if semicolon and not _FROM_JAVA.search(said):
        return Finding(name, "error", found, own)
    return Finding(name, "error", said, cure)


def not_looked_at(names: Sequence[str], *, because: str) -> Finding:
    """Return that these could not be looked at."""
    found = f"not looked at, as {because}: {', '.join(names)}"
    return Finding("others", "warning", found, "mend what is wrong above, then ask again")


def gib(size: int) -> str:
    """Return bytes of memory in GiB.

    >>> gib(3 << 29)
    '1.5 GiB'
    """
    return f"{size / (1 << 30):,.1f} GiB"


def gb(size: int) -> str:
    """Return bytes of a disk in GB, few of them in MB.

    >>> gb(12_340_000_000), gb(11_000_000)
    ('12.3 GB', '11 MB')
    """
    if size < 100_000_000:
        return f"{size / 1e6:.0f} MB"
    return f"{size / 1e9:,.1f} GB"


def _one_line(error: Exception) -> str:
    """Return the kind of error and what it says; of a worker's trace, how that ends."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    ends = [line for line in lines if _LAST_OF_A_TRACE.match(line)]
    return f"{type(error).__name__}: {(ends or lines or [''])[-1 if ends else 0]}".removesuffix(
        ": "
    )
