"""`movierec run`: the whole pipeline on one machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from movierec.pipeline.cli import print_summary, run_job
from movierec.pipeline.execution import Execution
from movierec.run_all import run_pipeline
from movierec_cli.outputs import add_out, leave_outputs, out_directory
from movierec_synthetic.download import fetch_archive


def main(argv: Sequence[str] | None = None) -> int:
    """Run every stage that is not done, and leave summary, twins and report in `out/`.

    An archive that the conf says how to generate is generated first, if there is none.
    """

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        if execution.config.source.generate is not None:
            fetch_archive(execution.config.source)
        run_pipeline(execution, force=arguments.force)
        found = leave_outputs(execution, arguments)
        out = str(out_directory(execution, arguments))
        print_summary("run", {"output": out, "timings": found["timings"]})

    return run_job("run", body, argv, extend=add_out)
