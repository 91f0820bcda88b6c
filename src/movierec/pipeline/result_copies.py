"""Copies results between workspaces, such as a cluster's HDFS and lasting storage."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

from movierec.errors import InputError
from movierec.pipeline.workspace import Result, Workspace
from movierec.spark.files import Files

Copy = Callable[[list[str], str], None]
"""Copies files and directories, by their URIs, into an existing directory."""


def copy_result(
    files: Files, result: Result, *, to: Workspace, copy: Copy | None = None, force: bool = False
) -> bool:
    """Copy a result into another workspace, its manifest last, unless it is complete there.

    Returns whether it was copied; `force` copies in any case. All its files are copied by one call
    of `copy`, by default through this process, one after another. Raises InputError if a dataset
    arrives incomplete; an earlier result stays then.
    """
    manifest = result.manifest
    if not force and to.find(manifest.stage, manifest.fingerprint) is not None:
        return False
    attempt = to.begin(manifest.stage, manifest.fingerprint)
    attempt.sizes.update(manifest.sizes)
    try:
        names = files.names(result.path)
        if names:
            files.make_directory(attempt.path)
            sources = [f"{result.path}/{name}" for name in names]
            if copy is not None:
                copy(sources, attempt.path)
            else:
                for name, source in zip(names, sources, strict=True):
                    files.copy(source, f"{attempt.path}/{name}")
        attempt.publish(replace(manifest, attempt=attempt.name))
    except InputError:
        attempt.discard()
        raise
    return True


def find_distcp() -> Copy | None:
    """Return a copy by Hadoop's distcp, in parallel; None if there is no `hadoop` command."""
    hadoop = shutil.which("hadoop")
    if hadoop is None:
        return None

    def copy(sources: list[str], target: str) -> None:
        # HDFS and GCS share only the checksum of the content that ignores the block size.
        command = [hadoop, "distcp", "-Ddfs.checksum.combine.mode=COMPOSITE_CRC"]
        command += ["-Dfs.gs.checksum.type=CRC32C", *sources, target]
        done = subprocess.run(command, stdout=sys.stderr, check=False)
        if done.returncode:
            raise InputError(
                f"{target}: distcp of {len(sources)} sources, the first of them {sources[0]}, "
                f"ended with exit code {done.returncode}: see above"
            )

    return copy
