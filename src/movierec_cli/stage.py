"""`movierec ingest` and the other stages, one by one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from movierec.pipeline.cli import print_summary, run_job
from movierec.pipeline.dag import Stage
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import run_stage
from movierec.run_all import load_run
from movierec_cli.outputs import add_out, leave_outputs


def main(stage: Stage, argv: Sequence[str] | None = None) -> int:
    """Run one stage; leave in `out/` what people look at of it."""

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        outcome = run_stage(
            execution, stage, lambda context: load_run(stage)(context), force=arguments.force
        )
        if stage.exports:
            leave_outputs(execution, arguments)
        print_summary(stage.name, outcome.summary())

    return run_job(stage.name, body, argv, extend=add_out)
