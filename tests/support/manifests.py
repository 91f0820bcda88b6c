"""A manifest for tests with minimal values."""

from __future__ import annotations

from typing import Any

from movierec.pipeline.manifest import Manifest


def manifest(**fields: Any) -> Manifest:
    """The manifest of a toy stage with some of its fields replaced."""
    names = ("config", "inputs", "rows", "sizes", "facts", "steps", "versions")
    values: dict[str, Any] = {name: {} for name in names} | {"seconds": 0.0, "warnings": []}
    toy = {"stage": "toy", "fingerprint": "0", "attempt": "a-1", "version": 1}
    return Manifest(**values | toy | fields)
