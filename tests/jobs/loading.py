"""Loads a job, which is a script and no module of a package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

JOBS = Path(__file__).resolve().parents[2] / "jobs"


def load_job(name: str) -> ModuleType:
    """Return jobs/<name>.py as a module; its `run` is what the command line runs."""
    spec = importlib.util.spec_from_file_location(f"jobs.{name}", JOBS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
