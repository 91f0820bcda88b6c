"""What a test's directory holds."""

from __future__ import annotations

from pathlib import Path


def files_below(path: Path) -> list[str]:
    """Return the paths of the files below a directory, as seen from there, in order."""
    return sorted(str(one.relative_to(path)) for one in path.rglob("*") if one.is_file())
