"""Put what a person wants to see of the stages that are done into out/<conf name>/."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from movierec.pipeline.cli import job_parser, read_config, run_guarded
from movierec.pipeline.execution import Execution
from movierec.reporting import summary
from movierec.run_all import export_results
from movierec.spark.session import Session
from movierec_report.drawing import draw_report, run_command


def main(argv: Sequence[str] | None = None) -> int:
    parser = job_parser("export_results")
    parser.add_argument("--out", type=Path, default=Path("out"), help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    session = Session("movierec export", verbose=arguments.verbose)

    def body() -> None:
        execution = Execution(read_config(arguments.config, arguments.set, session), session)
        if arguments.check_config:
            return
        out = arguments.out / Path(arguments.config).stem
        found = export_results(execution, out)
        command = run_command(arguments.config, arguments.set)
        draw_report(out, source=execution.config.source, command=command)
        print(summary.table(found))
        print(
            json.dumps({"job": "export_results", "output": str(out), "stages": [*found["timings"]]})
        )

    return run_guarded("export_results", body, session)


if __name__ == "__main__":
    sys.exit(main())
