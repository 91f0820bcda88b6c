"""What can be deleted from a workspace."""

import os
from datetime import datetime, timedelta, timezone

import pytest

from movierec.pipeline.prune import KILLED, UNREACHED, leftovers
from movierec.pipeline.workspace import Workspace
from tests.support.manifests import manifest

REACHED, OTHER = "a" * 16, "b" * 16
KEEP = {("partition", REACHED), ("tune", REACHED)}


@pytest.fixture
def workspace(files, tmp_path):
    return Workspace(f"file://{tmp_path}", files)


def publish(workspace, stage, fingerprint, **changes):
    attempt = workspace.begin(stage, fingerprint)
    attempt.write_text("data", "12345")
    return attempt.publish(manifest(stage=stage, attempt=attempt.name, **changes))


def attempt_of(days):
    begun = datetime.now(timezone.utc) - timedelta(days=days)
    return f"{begun:%Y%m%dT%H%M%SZ}-00000000"


def found(workspace):
    return {
        one.path.removeprefix(f"{workspace.root}/"): one.reason
        for one in leftovers(workspace, KEEP)
    }


def test_results_that_no_conf_reaches_are_found_with_their_size(workspace):
    publish(workspace, "partition", REACHED)
    publish(workspace, "partition", OTHER)
    publish(workspace, "ingest", REACHED)
    assert found(workspace) == {f"partition/{OTHER}": UNREACHED, f"ingest/{REACHED}": UNREACHED}
    # the text and the checksum that Hadoop keeps of it are more than the text
    assert all(one.size >= 5 for one in leftovers(workspace, KEEP))


def test_trials_are_kept_as_long_as_their_split(workspace):
    publish(workspace, "trial", REACHED, inputs={"partition": REACHED})
    publish(workspace, "trial", OTHER, inputs={"partition": OTHER})
    assert found(workspace) == {f"trial/{OTHER}": UNREACHED}


def test_files_of_killed_runs_are_found_after_a_day_and_active_runs_never(workspace, tmp_path):
    publish(workspace, "partition", REACHED)
    old, young = attempt_of(1.1), attempt_of(0.9)
    for fingerprint in (REACHED, OTHER):
        for name in (old, young):
            (tmp_path / "partition" / fingerprint / name).mkdir(parents=True)
    (tmp_path / "partition" / ("c" * 16) / old).mkdir(parents=True)
    assert found(workspace) == {
        f"partition/{REACHED}/{old}": KILLED,
        f"partition/{OTHER}/{old}": KILLED,
        f"partition/{'c' * 16}": UNREACHED,
    }


def test_other_directories_are_ignored(workspace, tmp_path):
    for path in ("mine", "partition/mine", f"other/{OTHER}", "archives/a.zip", "_checkpoints"):
        (tmp_path / path).mkdir(parents=True)
    assert found(workspace) == {}


def test_checkpoints_older_than_a_day_are_found(workspace, tmp_path):
    for name, days in (("old", 2), ("young", 0)):
        path = tmp_path / "_checkpoints" / name
        path.mkdir(parents=True)
        then = (datetime.now(timezone.utc) - timedelta(days=days)).timestamp()
        os.utime(path, (then, then))
    assert found(workspace) == {"_checkpoints/old": KILLED}
