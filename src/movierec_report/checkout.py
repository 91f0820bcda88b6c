"""Which state of the code a report or a job is of."""

from __future__ import annotations

import subprocess
from pathlib import Path


def read_commit(root: Path) -> str | None:
    """Return the checkout's git commit, with -dirty where it is changed; None without git."""

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=root, capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout.strip()

    try:
        commit = git("rev-parse", "--short=12", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}-dirty" if changed else commit
