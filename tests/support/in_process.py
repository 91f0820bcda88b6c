"""Runs a job's file in the tests' own process and Spark session."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence

import pytest

from movierec.pipeline import cli
from movierec.spark.session import Session
from tests.support.paths import ROOT


def run_job(
    name: str, words: Sequence[str], *, session: Session, patch: pytest.MonkeyPatch
) -> object:
    """Run jobs/<name>.py with these arguments as `python` would; return its exit code."""
    with patch.context() as during:
        during.setattr(cli, "open_session", lambda name, arguments: session)
        during.setattr(session, "stop", lambda: None)
        during.setattr(sys, "argv", [name, *words])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / "jobs" / f"{name}.py"), run_name="__main__")
    return ended.value.code
