"""All stages in one process and one Spark session, as a laptop runs them."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.pipeline.dag import Stage
from movierec.pipeline.execution import Execution
from movierec.reporting.summary import to_json

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


def run_pipeline(
    execution: Execution, *, wanted: Sequence[Stage] = dag.PIPELINE, force: bool = False
) -> dict[str, Any]:
    """Make every wanted result that is not there yet, in this order; return the merged summary."""
    for stage in wanted:
        outcome = execution.execute(stage, partial(_run, stage), force=force)
        ended = "up to date" if outcome.reused else f"done in {outcome.seconds:.1f} s"
        print(f"{stage.name}: {ended}", file=sys.stderr, flush=True)
    return merged_summary(execution)


def merged_summary(execution: Execution) -> dict[str, Any]:
    """Return what the stages that are done left in their summaries, and the seconds each took."""
    summary: dict[str, Any] = {}
    timings = {}
    for stage in dag.PIPELINE:
        result = execution.find(stage)
        if result is not None:
            text = execution.files.read_text(f"{result.path}/{dag.SUMMARY}")
            summary |= json.loads(text) if text else {}
            timings[stage.name] = result.manifest.seconds
    return summary | {"timings": timings}


def export_results(execution: Execution, out: Path) -> dict[str, Any]:
    """Copy what people want to see of the stages that are done to a local directory.

    `summary.json`, merged, which is returned, `twins.csv` and `report.json`. What the directory
    holds of a stage that is not done goes.
    """
    summary = merged_summary(execution)
    out.mkdir(parents=True, exist_ok=True)
    (out / dag.SUMMARY).write_text(to_json(summary), encoding="utf-8")
    for stage, name in dag.FOR_PEOPLE:
        result = execution.find(stage)
        text = None if result is None else execution.files.read_text(f"{result.path}/{name}")
        (out / name).unlink(missing_ok=True)
        if text is not None:
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    return summary
