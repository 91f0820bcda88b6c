"""Runs a command in a process of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support.paths import ROOT


def run_process(
    *command: str | Path, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command on the code of this checkout, with these variables; its exit code is free."""
    own = os.environ | {"PYTHONPATH": str(ROOT / "src")} | environment
    return subprocess.run(command, cwd=cwd, env=own, capture_output=True, text=True, timeout=300)
