"""`movierec export`: what people look at of the stages that are done."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from movierec.pipeline.cli import print_summary, run_job
from movierec.pipeline.execution import Execution
from movierec_cli.outputs import add_out, leave_outputs, out_directory


def main(argv: Sequence[str] | None = None) -> int:
    """Write summary, twins and report into `out/` again."""

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        found = leave_outputs(execution, arguments)
        out = str(out_directory(execution, arguments))
        print_summary("export", {"output": out, "stages": [*found["timings"]]})

    return run_job("export", body, argv, extend=add_out)
