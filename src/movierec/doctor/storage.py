"""Whether what a run writes has its place: the workspace, its checkpoints, Spark's directories."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from movierec.doctor import estimates
from movierec.doctor.check_result import Finding, gb
from movierec.doctor.python import Machine
from movierec.errors import InputError
from movierec.spark.files import Files
from movierec.spark.session import Session


def check_workspace(files: Files, root: str) -> Finding:
    """Write a file to the workspace, read and delete it. Raises InputError where that fails."""
    uri, text = f"{root}/_doctor-{secrets.token_hex(4)}", secrets.token_hex(8)
    try:
        files.write_text(uri, text)
        if files.read_text(uri) != text:
            raise InputError(f"{uri}: it does not hold what was written to it")
    finally:
        files.delete(uri)
    return Finding("workspace", "ok", f"{root} can be written to")


def check_checkpoints(session: Session, place: str) -> Finding:
    """Have executors write a checkpoint there, and delete it. Raises what goes wrong."""
    spark = session()
    session.checkpoint_to(place)
    spark.range(1).checkpoint()
    Files(session).delete(str(spark.sparkContext.getCheckpointDir()))
    return Finding("checkpoints", "ok", f"{place} takes them")


def check_disk(files: Files, root: str, *, ratings: int) -> Finding:
    """Return whether the workspace's file system has room for a run's results."""
    free, needed = files.free_space(root), estimates.workspace_of(ratings)
    if free is None:
        return Finding("disk", "ok", f"{root} tells no limit; a run needs about {gb(needed)}")
    found = f"{gb(free)} free at {root}, and a run leaves about {gb(needed)}"
    if free >= needed:
        return Finding("disk", "ok", found)
    return Finding(
        "disk",
        "error",
        found,
        "make room (`make prune CONF=… FORCE=1` removes old results), or give another workspace",
    )


def judge_scratch(machines: Sequence[Machine], *, ratings: int) -> Finding:
    """Return whether Spark's local directories have room for what is shuffled."""
    hosts = len({one.host for one in machines})
    needed = estimates.shuffled_of(ratings) // hosts
    # directories of one disk have one and the same room
    free, host, folder = min(
        (free, one.host, folder) for one in machines for folder, free in one.scratch.items()
    )
    found = f"{gb(free)} free in {folder} of {host}, and a run shuffles up to {gb(needed)} there"
    if free >= needed:
        return Finding("scratch", "ok", found)
    return Finding(
        "scratch",
        "warning",
        f"{found}, not all at once",
        "make room, or set SPARK_LOCAL_DIRS to a larger disk (YARN: yarn.nodemanager.local-dirs)",
    )
