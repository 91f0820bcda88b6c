"""Run the whole pipeline locally and put what a person wants to see into out/<conf name>/."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from movierec.pipeline.cli import add_force, job_parser, read_config, run_guarded
from movierec.pipeline.execution import Execution
from movierec.reporting import summary
from movierec.run_all import export_results, run_pipeline
from movierec.spark.session import Session
from movierec_report.drawing import draw_report, run_command
from movierec_synthetic.download import fetch_archive


def main(argv: Sequence[str] | None = None) -> int:
    parser = job_parser("run_pipeline")
    add_force(parser)
    parser.add_argument("--out", type=Path, default=Path("out"), help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    session = Session("movierec pipeline", verbose=arguments.verbose)

    def body() -> None:
        config = read_config(arguments.config, arguments.set, session)
        execution = Execution(config, session)
        if arguments.check_config:
            return
        if config.source.generate is not None:
            fetch_archive(config.source)
        run_pipeline(execution, force=arguments.force)
        out = arguments.out / Path(arguments.config).stem
        found = export_results(execution, out)
        command = run_command(arguments.config, arguments.set)
        draw_report(out, source=config.source, command=command)
        print(summary.table(found))
        print(json.dumps({"job": "run_pipeline", "output": str(out), "timings": found["timings"]}))

    return run_guarded("run_pipeline", body, session)


if __name__ == "__main__":
    sys.exit(main())
