"""Jobs on a disk that is full or cannot be written to: one line with the fix, no partial result.

The disks are small file systems in memory, which only root may mount.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from movierec.pipeline import dag
from movierec.pipeline.manifest import MANIFEST
from tests.support.confs import SMALL
from tests.support.paths import ROOT


def mount(place: Path, options: str) -> None:
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes; ml-latest-small takes more."""
    place = tmp_path / "disk"
    place.mkdir()
    mount(place, "size=2m")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def job(stage: dag.Stage, workspace: Path, archive: Path, **variables: str) -> tuple[int, str]:
    """Run a job as a process; return its exit code and its last line on standard error."""
    command = [sys.executable, str(ROOT / "jobs" / f"{stage.job}.py"), "--config", str(SMALL)]
    settings: Mapping[str, object] = {"workspace": str(workspace), "source.archive": str(archive)}
    for key, value in settings.items():
        command += ["--set", f"{key}={json.dumps(value)}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith(f"{stage.job}: ")]
    return done.returncode, said[-1]


def manifests(workspace: Path) -> list[str]:
    return sorted(path.parts[-3] for path in workspace.rglob(MANIFEST))


def test_a_full_disk_is_an_error_and_with_room_the_next_run_succeeds(
    disk: Path, small_archive: Path
) -> None:
    code, said = job(dag.INGEST, disk / "w", small_archive)
    assert code == 3
    assert "No space left on device" in said
    assert said.endswith("; make room, there or in spark.local.dir")
    assert manifests(disk) == []
    assert not [*disk.rglob("part-*")], "what was written would fill the disk for a day"
    subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
    assert job(dag.INGEST, disk / "w", small_archive)[0] == 0
    assert manifests(disk) == ["ingest"]


def test_a_full_disk_for_shuffles_is_an_error_and_earlier_results_stay(
    disk: Path, tmp_path: Path, small_archive: Path
) -> None:
    workspace = tmp_path / "w"
    assert job(dag.INGEST, workspace, small_archive)[0] == 0
    subprocess.run(["mount", "-o", "remount,size=128k", str(disk)], check=True)
    code, said = job(dag.PARTITION, workspace, small_archive, SPARK_LOCAL_DIRS=str(disk))
    assert code == 3
    assert "No space left on device" in said
    assert manifests(workspace) == ["ingest"]


def test_a_workspace_that_cannot_be_written_to_is_an_error(disk: Path, small_archive: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    code, said = job(dag.INGEST, disk / "w", small_archive)
    assert code == 3
    assert str(disk) in said
    assert said.endswith(("; give a workspace that can be written to", "read and write there"))
    assert manifests(disk) == []
