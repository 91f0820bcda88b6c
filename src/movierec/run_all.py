"""The whole pipeline in one process and one Spark session."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from movierec.pipeline import dag
from movierec.pipeline.cli import add_force, print_summary, run_job
from movierec.pipeline.context import Context
from movierec.pipeline.dag import Stage
from movierec.pipeline.execution import Execution
from movierec.pipeline.exports import DoneStage, merge_summaries
from movierec.pipeline.run_stage import Run, run_stage


def load_run(stage: Stage) -> Run:
    """Return the `run` of a stage."""
    run: Run = importlib.import_module(f"movierec.stages.{stage.name}").run
    return run


def _run(stage: Stage, context: Context) -> None:
    """Run a stage. Its module, and PySpark, are imported only now: if it is up to date, never."""
    load_run(stage)(context)


def run_pipeline(
    execution: Execution, *, wanted: Sequence[Stage] = dag.PIPELINE, force: bool = False
) -> dict[str, Any]:
    """Make every wanted result that is not there yet, in this order; return the merged summary."""
    for stage in wanted:
        outcome = run_stage(execution, stage, partial(_run, stage), force=force)
        ended = "up to date" if outcome.reused else f"done in {outcome.seconds:.1f} s"
        print(f"{stage.name}: {ended}", file=sys.stderr, flush=True)
    return merge_summaries(done_stages(execution))


def done_stages(execution: Execution) -> list[DoneStage]:
    """Return the stages of the pipeline that have a result for this config, in their order."""
    done = []
    for stage in dag.PIPELINE:
        result = execution.find(stage)
        if result is not None:
            done.append(DoneStage(stage.name, result.manifest.seconds, result.read_text))
    return done


def main(argv: Sequence[str] | None = None) -> int:
    """Run the whole pipeline as one job; the exit code is that of the job contract."""

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        summary = run_pipeline(execution, force=arguments.force)
        fields = {"output": execution.workspace.root, "timings": summary["timings"]}
        print_summary("run_all", fields)

    return run_job("run_all", body, argv, extend=add_force)
