"""Archives brought to a cluster's file system, and results taken from it to where they last."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from movierec.config.arguments import add_session_arguments
from movierec.config.uris import resolve_uri
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.cli import add_force, open_session, print_summary, run_guarded, run_job
from movierec.pipeline.execution import Execution
from movierec.pipeline.workspace import Result, Workspace, is_abandoned, new_attempt
from movierec.spark.files import Files
from movierec.spark.session import Session

_PARTIAL = ".partial"


def stage_in(files: Files, *, source: str, target: str) -> bool:
    """Copy an archive, unless one as long and no older is there; tell whether it was copied.

    Readers see the whole of it or nothing: it gets its name when it is complete. Raises InputError
    where the source is not there or arrives incomplete.
    """
    wanted = files.status(source)
    if wanted is None or wanted.is_directory:
        raise InputError(f"{source}: there is no such file; upload the archive first")
    there = files.status(target)
    if there and there.length == wanted.length and there.modified >= wanted.modified:
        return False
    _remove_abandoned(files, target)
    partial = f"{target}.{new_attempt()}{_PARTIAL}"
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
    """Delete what killed copies to the target left behind a day ago or earlier."""
    folder, _, name = target.rpartition("/")
    if files.exists(folder):
        for one in files.names(folder):
            if one.startswith(f"{name}.") and one.endswith(_PARTIAL):
                attempt = one.removeprefix(f"{name}.").removesuffix(_PARTIAL)
                if is_abandoned(attempt):
                    files.delete(f"{folder}/{one}")


Copy = Callable[[list[str], str], None]
"""Copies files and directories, by their URIs, into a directory that is there."""


def export_result(
    files: Files,
    result: Result,
    *,
    to: Workspace,
    copy: Copy | None = None,
    force: bool = False,
) -> bool:
    """Copy a result into another workspace, its manifest last, unless it is complete there.

    Tells whether it was copied; `force` copies in any case. What belongs to it is copied by one
    call of `copy`, by default through this process. Raises InputError where not every byte of it
    arrives; what was there before stays then.
    """
    manifest = result.manifest
    if not force and to.find(manifest.stage, manifest.fingerprint) is not None:
        return False
    draft = to.begin(manifest.stage, manifest.fingerprint)
    draft.sizes.update(manifest.sizes)
    try:
        names = files.names(result.path)
        if names:
            files.make_directory(draft.path)
            sources = [f"{result.path}/{name}" for name in names]
            (copy or copy_through(files))(sources, draft.path)
        draft.publish(replace(manifest, attempt=draft.attempt))
    except InputError:
        draft.discard()
        raise
    return True


def copy_through(files: Files) -> Copy:
    """Return a copy through this process, one file after the other."""

    def copy(sources: list[str], target: str) -> None:
        for source in sources:
            files.copy(source, f"{target}/{source.rpartition('/')[2]}")

    return copy


def find_distcp() -> Copy | None:
    """Return a copy by Hadoop's distcp, many files at once; None where there is no `hadoop`."""
    hadoop = shutil.which("hadoop")
    if hadoop is None:
        return None

    def copy(sources: list[str], target: str) -> None:
        # A checksum of the content, whatever the blocks, is one that HDFS and GCS both have.
        command = [hadoop, "distcp", "-Ddfs.checksum.combine.mode=COMPOSITE_CRC"]
        command += ["-Dfs.gs.checksum.type=CRC32C", *sources, target]
        done = subprocess.run(command, stdout=sys.stderr, check=False)
        if done.returncode:
            raise InputError(
                f"{target}: distcp of {len(sources)} sources, the first of them {sources[0]}, "
                f"ended with exit code {done.returncode}: see above"
            )

    return copy


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
                state = "copied" if copied[stage.name] else "is there already"
                print(f"export_results: {stage.name}: {state}", file=sys.stderr, flush=True)
        if not copied:
            raise InputError(f"{execution.workspace.root}: no stage is done for this config")
        print_summary("export_results", {"output": target, "copied": copied})

    return run_job("export_results", body, argv, extend=extend)
