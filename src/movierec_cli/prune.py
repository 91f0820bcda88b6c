"""`movierec prune`: results in a workspace that no conf reaches."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from movierec.config.arguments import (
    add_override_arguments,
    add_session_arguments,
    overrides_of,
)
from movierec.errors import ConfigError
from movierec.pipeline.cli import open_session, print_summary, read_config, run_guarded
from movierec.pipeline.execution import Execution
from movierec.pipeline.prune import leftovers, reached
from movierec.spark.session import Session


def main(argv: Sequence[str] | None = None) -> int:
    """List what the workspace holds that none of the confs reaches; `--delete` removes it."""
    parser = argparse.ArgumentParser(prog="prune", allow_abbrev=False)
    parser.add_argument("--config", required=True, nargs="+", help="the confs whose results stay")
    add_override_arguments(parser)
    parser.add_argument("--delete", action="store_true", help="remove what is listed")
    add_session_arguments(parser)
    arguments = parser.parse_args(argv)

    def body(session: Session) -> None:
        configs = [read_config(name, overrides_of(arguments), session) for name in arguments.config]
        executions = [Execution(config, session) for config in configs]
        workspace = executions[0].workspace
        if roots := {one.workspace.root for one in executions} - {workspace.root}:
            others = ", ".join(sorted(roots))
            several = f"the confs have several workspaces ({workspace.root}, {others})"
            raise ConfigError([f"{several}; prune the confs of one workspace at a time"])
        found = []
        for one in leftovers(workspace, reached(executions)):
            print(f"prune: {one.path}: {one.size / 1e6:,.1f} MB, {one.reason}", file=sys.stderr)
            # now, before a run begins to write there
            if arguments.delete:
                workspace.files.delete(one.path)
            found.append(one)
        if found and not arguments.delete:
            print("prune: nothing is deleted yet: FORCE=1 (--delete) does that", file=sys.stderr)
        summary = {"found": len(found), "bytes": sum(one.size for one in found)}
        print_summary("prune", {**summary, "deleted": arguments.delete})

    return run_guarded("prune", body, open_session("prune", arguments))
