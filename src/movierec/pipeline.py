"""All stages in one process and one Spark session, as a laptop runs them."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from movierec import stages
from movierec.execution import Context, Execution, Outcome
from movierec.stages import Stage
from movierec.summary import FILE

JOBS = Path(__file__).resolve().parents[2] / "jobs"


def load_run(stage: Stage) -> Callable[[Context], None]:
    """Return the `run` of the stage's job file, without running the file as a script."""
    path = JOBS / f"{stage.job}.py"
    spec = importlib.util.spec_from_file_location(f"movierec_job_{stage.job}", path)
    assert spec is not None  # a .py file has one
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run: Callable[[Context], None] = module.run
    return run


def _run(stage: Stage, context: Context) -> None:
    """Load the job and run it: an up-to-date stage's is not even imported, nor Spark with it."""
    load_run(stage)(context)


def run_pipeline(execution: Execution, *, force: bool = False) -> dict[str, Any]:
    """Make every result that is not there yet and return the merged summary."""
    outcomes = []
    for stage in stages.PIPELINE:
        outcome = execution.execute(stage, partial(_run, stage), force=force)
        ended = "up to date" if outcome.reused else f"done in {outcome.seconds:.1f} s"
        print(f"{stage.name}: {ended}", file=sys.stderr, flush=True)
        outcomes.append(outcome)
    return merged_summary(execution, outcomes)


def merged_summary(execution: Execution, outcomes: list[Outcome]) -> dict[str, Any]:
    """Return what the stages left in their summaries, with the seconds each took when it ran."""
    summary: dict[str, Any] = {}
    for outcome in outcomes:
        text = execution.files.read_text(f"{outcome.result.path}/{FILE}")
        if text is not None:
            summary |= json.loads(text)
    summary["timings"] = {
        outcome.stage.name: outcome.result.manifest.seconds for outcome in outcomes
    }
    return summary
