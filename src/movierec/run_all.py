"""The whole pipeline in one process and one Spark session."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.cli import (
    add_result_arguments,
    lasting_workspace,
    print_summary,
    run_job,
)
from movierec.pipeline.context import Context
from movierec.pipeline.dag import Stage
from movierec.pipeline.execution import Execution
from movierec.pipeline.exports import DoneStage, merge_summaries
from movierec.pipeline.run_stage import Run, run_stage
from movierec.pipeline.workspace import Workspace


def load_run(stage: Stage) -> Run:
    """Return the `run` of a stage; its module, and PySpark, are imported when it is called."""

    def run(context: Context) -> None:
        importlib.import_module(f"movierec.stages.{stage.name}").run(context)

    return run


def run_pipeline(
    execution: Execution,
    *,
    wanted: Sequence[Stage] = dag.PIPELINE,
    force: bool = False,
    lasting: Workspace | None = None,
) -> dict[str, Any]:
    """Make the wanted results that do not exist, in this order; return the merged summary.

    `lasting` is a workspace that survives the cluster (see run_stage).
    Where an input does not suffice for a stage, those that do not need it are made all the same;
    then raises the InputError of the first.
    """
    failed: dict[Stage, InputError] = {}
    blocked: dict[Stage, list[Stage]] = {}
    for stage in wanted:
        causes = [cause for one in stage.inputs for cause in blocked.get(one, ())]
        if causes:
            blocked[stage] = [cause for cause in failed if cause in causes]
            continue
        try:
            outcome = run_stage(execution, stage, load_run(stage), force=force, lasting=lasting)
        except InputError as error:
            failed[stage], blocked[stage] = error, [stage]
            _say(stage, str(error))
            continue
        _say(stage, "up to date" if outcome.reused else f"done in {outcome.seconds:.1f} s")
    for stage, causes in blocked.items():
        if stage not in failed:
            _say(stage, f"left out, as {' and '.join(one.name for one in causes)} failed")
    if failed:
        raise next(iter(failed.values()))
    return merge_summaries(done_stages(execution))


def _say(stage: Stage, what: str) -> None:
    print(f"{stage.name}: {what}", file=sys.stderr, flush=True)


def done_stages(execution: Execution) -> list[DoneStage]:
    """Return the stages that have a result for this config, in the order of the pipeline."""
    found = [execution.find(stage) for stage in dag.PIPELINE]
    results = [result for result in found if result is not None]
    return [DoneStage(one.manifest.stage, one.manifest.seconds, one.read_text) for one in results]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the whole pipeline as one job; the exit code is that of the job contract."""

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        lasting = lasting_workspace(execution, arguments)
        summary = run_pipeline(execution, force=arguments.force, lasting=lasting)
        output = execution.workspace.root
        print_summary("run_all", {"output": output, "timings": summary["timings"]})

    return run_job("run_all", body, argv, extend=add_result_arguments)
