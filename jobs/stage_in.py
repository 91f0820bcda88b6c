"""Copy an archive to where the jobs read it: from GCS to a cluster's HDFS."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from movierec.config.uris import resolve_uri
from movierec.pipeline.cli import add_verbose, run_guarded
from movierec.pipeline.transfers import stage_in
from movierec.spark.files import Files
from movierec.spark.session import Session


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="stage_in", allow_abbrev=False)
    parser.add_argument("--source", required=True, help="URI of the archive")
    parser.add_argument("--target", required=True, help="URI that it gets")
    add_verbose(parser)
    arguments = parser.parse_args(argv)
    session = Session("movierec stage_in", verbose=arguments.verbose)

    def body() -> None:
        source = resolve_uri(arguments.source, key="--source")
        target = resolve_uri(arguments.target, key="--target")
        copied = stage_in(Files(session), source=source, target=target)
        print(json.dumps({"job": "stage_in", "output": target, "copied": copied}), flush=True)

    return run_guarded("stage_in", body, session)


if __name__ == "__main__":
    sys.exit(main())
