"""Results in a workspace that no given config reaches, and what killed runs left behind."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from movierec.pipeline import dag
from movierec.pipeline.dag import TRIAL
from movierec.pipeline.execution import Execution
from movierec.pipeline.manifest import MANIFEST
from movierec.pipeline.workspace import ABANDONED, Workspace, checkpoints, is_abandoned

UNREACHED: Final = "no given conf reaches it"
KILLED: Final = "left behind by a run that was killed"
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")
Key = tuple[str, str]
"""A stage's name and a fingerprint."""


@dataclass(frozen=True)
class Leftover:
    """A directory that can be deleted."""

    path: str
    reason: str
    size: int
    """Bytes."""


def reached(executions: Iterable[Execution]) -> set[Key]:
    """Return the results that these configs have, made or not.

    Raises InputError if an archive is missing and its checksum is not in the conf.
    """
    return {(stage.name, one.fingerprint(stage)) for one in executions for stage in dag.PIPELINE}


def leftovers(workspace: Workspace, keep: set[Key]) -> Iterator[Leftover]:
    """Yield results that are not in `keep`, and what runs that were killed a day ago or more left.

    Directories that the suite did not name, or that a run may still write to, are never yielded.
    """
    for stage in (*(one.name for one in dag.PIPELINE), TRIAL):
        for fingerprint in _names(workspace, f"{workspace.root}/{stage}"):
            if _FINGERPRINT.fullmatch(fingerprint):
                yield from _of_result(workspace, (stage, fingerprint), keep)
    yield from _of_checkpoints(workspace)


def _of_result(workspace: Workspace, key: Key, keep: set[Key]) -> Iterator[Leftover]:
    path = workspace.path(*key)
    result = workspace.find(*key)
    published = {MANIFEST, result.manifest.attempt} if result else {MANIFEST}
    others = [name for name in _names(workspace, path) if name not in published]
    abandoned = [name for name in others if is_abandoned(name)]
    # a trial is kept as long as its inputs
    inputs = set(result.manifest.inputs.items()) if result else set()
    kept = key in keep or (key[0] == TRIAL and inputs <= keep)
    if not kept and others == abandoned:
        yield Leftover(path, UNREACHED, workspace.files.size(path))
        return
    for name in abandoned:
        yield Leftover(f"{path}/{name}", KILLED, workspace.files.size(f"{path}/{name}"))


def _of_checkpoints(workspace: Workspace) -> Iterator[Leftover]:
    """Yield checkpoint directories of Spark sessions that ended without deleting them."""
    root = checkpoints(workspace.root)
    for name in _names(workspace, root):
        status = workspace.files.status(f"{root}/{name}")
        # object stores have no modification time for directories: 0
        if (
            status
            and status.modified
            and time.time() - status.modified / 1000 > ABANDONED.total_seconds()
        ):
            yield Leftover(f"{root}/{name}", KILLED, workspace.files.size(f"{root}/{name}"))


def _names(workspace: Workspace, path: str) -> list[str]:
    return workspace.files.names(path) if workspace.files.exists(path) else []
