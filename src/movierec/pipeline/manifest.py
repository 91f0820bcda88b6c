"""The manifest of a result: what it is and how it was made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

MANIFEST: Final = "_manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What a result is and how it was made."""

    stage: str
    fingerprint: str
    attempt: str
    """The directory with its files, below the fingerprint's."""
    version: int
    config: dict[str, Any]
    inputs: dict[str, str]
    rows: dict[str, int]
    """Rows of each dataset, by its name, which is its path below the result."""
    sizes: dict[str, int]
    """Bytes of the files of each dataset, and of other directories such as a model."""
    facts: dict[str, Any]
    """Small findings of the stage, such as an audit or a winner's parameters."""
    steps: dict[str, float]
    """Seconds of each step."""
    seconds: float
    versions: dict[str, str]
    warnings: list[str]
    peak_memory: int | None = None
    """The most bytes that the driver's JVM held meanwhile; None if unknown."""

    def to_json(self) -> str:
        """Return the manifest as JSON; it does not parse if it is cut off."""
        return json.dumps(vars(self), indent=2, allow_nan=False) + "\n"
