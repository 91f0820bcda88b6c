"""A manifest for tests with minimal values."""

from __future__ import annotations

from typing import Any

from movierec.pipeline.manifest import Manifest


def manifest(**fields: Any) -> Manifest:
    """The manifest of a toy stage with some of its fields replaced."""
    values: dict[str, Any] = {
        "stage": "toy",
        "fingerprint": "0",
        "attempt": "a-1",
        "version": 1,
        "config": {},
        "inputs": {},
        "rows": {},
        "sizes": {},
        "facts": {},
        "steps": {},
        "seconds": 0.0,
        "versions": {},
        "warnings": [],
    }
    return Manifest(**values | fields)
