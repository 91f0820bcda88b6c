"""What is wrong with an input, how it is made, and what must be said of it."""

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
    """Writes it to the path."""
    said: str
    """How the one line begins, after the job's name, with `URI` for the archive's."""
    sets: Mapping[str, Any] = field(default_factory=dict)
    """What conf says otherwise than usual."""
