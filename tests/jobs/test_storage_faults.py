"""Jobs on a disk that is full or cannot be written to: one line with the fix, no partial result.

The disks are small file systems in memory, which only root may mount.
"""

import json
import subprocess
import sys

import pytest

from movierec.pipeline import dag
from movierec.pipeline.manifest import MANIFEST
from tests.support.confs import SMALL
from tests.support.in_process import run_job
from tests.support.paths import ROOT
from tests.support.processes import run_process


def mount(place, options):
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path):
    """A disk of two megabytes; ml-latest-small takes more."""
    place = tmp_path / "disk"
    place.mkdir()
    mount(place, "size=2m")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def job(session, monkeypatch, capsys, small_archive):
    """Run a stage's job on a workspace; return its exit code and its last line."""

    def run(stage, workspace):
        arguments = words(workspace, small_archive)
        code = run_job(stage.job, arguments, session=session, patch=monkeypatch)
        return code, said(stage, capsys.readouterr().err)

    return run


def words(workspace, archive):
    settings = {"workspace": str(workspace), "source.archive": str(archive)}
    sets = [f"--set={key}={json.dumps(value)}" for key, value in settings.items()]
    return ["--config", str(SMALL), *sets]


def said(stage, err):
    assert "Traceback" not in err
    return [line for line in err.splitlines() if line.startswith(f"{stage.job}: ")][-1]


def manifests(workspace):
    return sorted(path.parts[-3] for path in workspace.rglob(MANIFEST))


def test_a_full_disk_is_an_error_and_with_room_the_next_run_succeeds(disk, job):
    code, line = job(dag.INGEST, disk / "w")
    assert code == 3
    assert "No space left on device" in line
    assert line.endswith("; make room, there or in spark.local.dir")
    assert manifests(disk) == []
    assert not [*disk.rglob("part-*")], "what was written would fill the disk for a day"
    subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
    assert job(dag.INGEST, disk / "w")[0] == 0
    assert manifests(disk) == ["ingest"]


@pytest.mark.slow
def test_a_full_disk_for_shuffles_is_an_error_and_earlier_results_stay(
    disk, job, tmp_path, small_archive
):
    """Slow: a process, as Spark takes the place of its shuffles when it starts."""
    workspace = tmp_path / "w"
    assert job(dag.INGEST, workspace)[0] == 0
    subprocess.run(["mount", "-o", "remount,size=128k", str(disk)], check=True)
    script = str(ROOT / "jobs" / f"{dag.PARTITION.job}.py")
    command = [sys.executable, script, *words(workspace, small_archive)]
    done = run_process(*command, SPARK_LOCAL_DIRS=str(disk))
    assert done.returncode == 3
    assert "No space left on device" in said(dag.PARTITION, done.stderr)
    assert manifests(workspace) == ["ingest"]


def test_a_workspace_that_cannot_be_written_to_is_an_error(disk, job):
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    code, line = job(dag.INGEST, disk / "w")
    assert code == 3
    assert str(disk) in line
    assert line.endswith(("; give a workspace that can be written to", "read and write there"))
    assert manifests(disk) == []
