"""A bad input: how it is made, and the message that it must give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

AGAIN = "fetch it again with `make data FORCE=1`"
REPACK = "pack the archive again"
FETCH_OWN = "do not use it, fetch GroupLens's own"


@dataclass(frozen=True)
class Case:
    """One bad archive."""

    name: str
    build: Callable[[Path], None]
    """Writes the archive to the path."""
    message: str
    """How the one line begins, after the job's name; `URI` stands for the archive's URI."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """The conf's changed keys."""
