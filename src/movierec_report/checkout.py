"""The git commit of the code."""

from __future__ import annotations

import subprocess
from pathlib import Path


def read_commit(root: Path) -> str | None:
    """Return the commit of a checkout, ending in -dirty if it has changes.

    None without git, or if `root` is not the top of a checkout, as in an installed package.
    """
    if not (root / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout.strip()

    try:
        commit = git("rev-parse", "--short=12", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}-dirty" if changed else commit
