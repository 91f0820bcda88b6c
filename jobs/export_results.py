"""Copy the results of a config from a cluster's HDFS to where they last, such as GCS."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from movierec.config.uris import resolve_uri
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.cli import add_force, job_parser, read_config, run_guarded
from movierec.pipeline.execution import Execution
from movierec.pipeline.transfers import export_result, find_distcp
from movierec.pipeline.workspace import Workspace
from movierec.spark.session import Session


def main(argv: Sequence[str] | None = None) -> int:
    parser = job_parser("export_results")
    parser.add_argument("--target", required=True, help="URI of the workspace to export to")
    add_force(parser)
    arguments = parser.parse_args(argv)
    session = Session("movierec export_results", verbose=arguments.verbose)

    def body() -> None:
        execution = Execution(read_config(arguments.config, arguments.set, session), session)
        target = resolve_uri(arguments.target, key="--target")
        if arguments.check_config:
            return
        exported = Workspace(target, execution.files)
        copied = {}
        for stage in dag.PIPELINE:
            result = execution.find(stage)
            if result is not None:
                copied[stage.name] = export_result(
                    execution.files,
                    result,
                    to=exported,
                    copy=find_distcp(),
                    force=arguments.force,
                )
                said = "copied" if copied[stage.name] else "is there already"
                print(f"export_results: {stage.name}: {said}", file=sys.stderr, flush=True)
        if not copied:
            raise InputError(f"{execution.workspace.root}: no stage is done for this config")
        print(json.dumps({"job": "export_results", "output": target, "copied": copied}), flush=True)

    return run_guarded("export_results", body, session)


if __name__ == "__main__":
    sys.exit(main())
