"""The jobs that copy archives to a cluster's file system, and results to lasting storage."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from movierec.config.arguments import add_session_arguments
from movierec.config.uris import resolve_uri
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.cli import add_force, open_session, print_summary, run_guarded, run_job
from movierec.pipeline.execution import Execution
from movierec.pipeline.result_copies import copy_result, find_distcp
from movierec.pipeline.workspace import Workspace, attempt_name, is_abandoned
from movierec.spark.files import Files
from movierec.spark.session import Session

_PARTIAL = ".partial"


def stage_in(files: Files, *, source: str, target: str) -> bool:
    """Copy an archive unless one of equal length, not older, is there; return whether it copied.

    The copy gets its name when it is complete. Raises InputError if the source is missing or
    arrives incomplete.
    """
    wanted = files.status(source)
    if wanted is None or wanted.is_directory:
        raise InputError(f"{source}: there is no such file; upload the archive first")
    there = files.status(target)
    if there and there.length == wanted.length and there.modified >= wanted.modified:
        return False
    _remove_abandoned(files, target)
    partial = f"{target}.{attempt_name()}{_PARTIAL}"
    try:
        files.copy(source, partial)
        arrived = files.status(partial)
        length = arrived.length if arrived else 0
        if length != wanted.length:
            raise InputError(f"{source}: {length} of {wanted.length} bytes arrived; run it again")
    except InputError:
        files.delete(partial)
        raise
    files.delete(target)
    files.rename(partial, target)
    return True


def _remove_abandoned(files: Files, target: str) -> None:
    """Delete partial copies to the target that were killed a day ago or earlier."""
    folder, _, name = target.rpartition("/")
    if files.exists(folder):
        for one in files.names(folder):
            if one.startswith(f"{name}.") and one.endswith(_PARTIAL):
                attempt = one.removeprefix(f"{name}.").removesuffix(_PARTIAL)
                if is_abandoned(attempt):
                    files.delete(f"{folder}/{one}")


def stage_in_main(argv: Sequence[str] | None = None) -> int:
    """Copy an archive from the command line; return the exit code of the job contract."""
    parser = argparse.ArgumentParser(prog="stage_in", allow_abbrev=False)
    parser.add_argument("--source", required=True, help="URI of the archive")
    parser.add_argument("--target", required=True, help="URI to copy it to")
    add_session_arguments(parser)
    arguments = parser.parse_args(argv)

    def body(session: Session) -> None:
        source = resolve_uri(arguments.source, key="--source")
        target = resolve_uri(arguments.target, key="--target")
        copied = stage_in(Files(session), source=source, target=target)
        print_summary("stage_in", {"output": target, "copied": copied})

    return run_guarded("stage_in", body, open_session("stage_in", arguments))


def export_main(argv: Sequence[str] | None = None) -> int:
    """Copy the results of a config from the command line; return the job contract's exit code."""

    def extend(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--target", required=True, help="URI of the workspace to export to")
        add_force(parser)

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        target = resolve_uri(arguments.target, key="--target")
        exported = Workspace(target, execution.files)
        copied = {}
        copy, force = find_distcp(), arguments.force
        for stage in dag.PIPELINE:
            if (result := execution.find(stage)) is not None:
                done = copy_result(execution.files, result, to=exported, copy=copy, force=force)
                copied[stage.name] = done
                state = "copied" if done else "is there already"
                print(f"export_results: {stage.name}: {state}", file=sys.stderr, flush=True)
        if not copied:
            raise InputError(f"{execution.workspace.root}: no stage is done for this config")
        print_summary("export_results", {"output": target, "copied": copied})

    return run_job("export_results", body, argv, extend=extend)
