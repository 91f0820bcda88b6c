"""Checks of the places that a run writes to: workspace, checkpoints, Spark's local directories."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from movierec.doctor import estimates
from movierec.doctor.check_result import CheckResult, gb, result_of
from movierec.doctor.python import Machine
from movierec.errors import InputError
from movierec.spark.files import Files
from movierec.spark.session import Session


def check_workspace(files: Files, root: str) -> CheckResult:
    """Write a file to the workspace, read and delete it. Raises InputError if that fails."""
    uri, text = f"{root}/_doctor-{secrets.token_hex(4)}", secrets.token_hex(8)
    try:
        files.write_text(uri, text)
        if files.read_text(uri) != text:
            raise InputError(f"{uri}: it does not hold the text that was written to it")
    finally:
        files.delete(uri)
    return CheckResult("workspace", "ok", f"{root} can be written to")


def check_checkpoints(session: Session, uri: str) -> CheckResult:
    """Have executors write a checkpoint, and delete it. Raises any error."""
    spark = session()
    session.checkpoint_to(uri)
    spark.range(1).checkpoint()
    Files(session).delete(str(spark.sparkContext.getCheckpointDir()))
    return CheckResult("checkpoints", "ok", f"{uri} can be written to")


def check_disk(files: Files, root: str, *, ratings: int) -> CheckResult:
    """Check that the workspace's file system has room for a run's results."""
    free, needed = files.free_space(root), estimates.workspace_bytes(ratings)
    if free is None:
        return CheckResult("disk", "ok", f"{root} has no limit; a run needs about {gb(needed)}")
    fix = "free space (`make prune CONF=… FORCE=1` deletes old results), or give another workspace"
    found = f"{gb(free)} free at {root}, and a run leaves about {gb(needed)}"
    return result_of("disk", good=free >= needed, found=found, fix=fix, otherwise="error")


def check_scratch(machines: Sequence[Machine], *, ratings: int) -> CheckResult:
    """Check that Spark's local directories have room for shuffled data."""
    hosts = len({machine.host for machine in machines})
    needed = estimates.shuffle_bytes(ratings) // hosts
    # directories on the same disk share its free space
    free, host, folder = min(
        (free, machine.host, folder)
        for machine in machines
        for folder, free in machine.scratch.items()
    )
    found = f"{gb(free)} free in {folder} of {host}, and a run shuffles up to {gb(needed)} there"
    fix = "free space, or set SPARK_LOCAL_DIRS to a larger disk (YARN: yarn.nodemanager.local-dirs)"
    why = ", not all at once"
    return result_of("scratch", good=free >= needed, found=found, fix=fix, why=why)
