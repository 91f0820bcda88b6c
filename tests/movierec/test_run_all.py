"""The whole pipeline in one session, against its jobs one by one."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from movierec.pipeline import cli, dag
from movierec.spark.session import Session
from tests.invariance.variants import find_differences
from tests.support.finished import SAMPLE, FinishedRun
from tests.support.paths import ROOT


def results(workspace: Path) -> set[str]:
    """The stage and fingerprint of every result."""
    pattern = "*/*/_manifest.json"
    return {str(path.parent.relative_to(workspace)) for path in workspace.glob(pattern)}


def test_the_single_jobs_leave_the_results_of_the_whole_pipeline(
    session: Session, finished_run: FinishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "open_session", lambda name, arguments: session)
    monkeypatch.setattr(session, "stop", lambda: None)
    overrides = [*finished_run.overrides, f"workspace={tmp_path}"]
    words = ["--config", str(SAMPLE), *(word for one in overrides for word in ("--set", one))]
    for stage in dag.PIPELINE:
        monkeypatch.setattr(sys, "argv", [stage.job, *words])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / "jobs" / f"{stage.job}.py"), run_name="__main__")
        assert ended.value.code == 0, stage.name
    assert results(tmp_path) == results(finished_run.workspace)
    assert list(find_differences(finished_run.workspace, tmp_path)) == []
