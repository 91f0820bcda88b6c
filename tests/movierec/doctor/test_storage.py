"""Places that a run writes to, good and bad."""

import shutil

import pytest

from movierec.doctor.python import Machine
from movierec.doctor.storage import check_checkpoints, check_disk, check_scratch, check_workspace

GIB = 1 << 30


def test_a_workspace_is_written_to_and_left_empty(files, tmp_path):
    assert check_workspace(files, f"file://{tmp_path}/new/w").state == "ok"
    assert list((tmp_path / "new/w").iterdir()) == []


def test_a_checkpoint_is_written_and_deleted(session, tmp_path):
    place = tmp_path / "w" / "_checkpoints"
    try:
        assert check_checkpoints(session, place.as_uri()).state == "ok"
        assert list(place.iterdir()) == []
    finally:
        session.checkpoint_to(f"file://{tmp_path}/after")


def test_a_disk_must_have_room_for_the_results(files, tmp_path):
    # free space of a path that does not exist is that of its parent
    uri = f"file://{tmp_path}/not/yet/there"
    good = check_disk(files, uri, ratings=1000)
    assert good.state == "ok"
    free = shutil.disk_usage(tmp_path).free
    shown, _, rest = good.found.partition(" GB free at ")
    # other processes write to this disk meanwhile
    assert float(shown.replace(",", "")) * 1e9 == pytest.approx(free, rel=0.05)
    assert rest.startswith(f"{uri}, and a run leaves about ")
    bad = check_disk(files, uri, ratings=free)
    assert bad.state == "error"
    assert "make prune" in bad.fix


def machine(host, **scratch):
    free = {f"/{folder}": size * GIB for folder, size in scratch.items()}
    return Machine(host=host, versions={}, scratch=free)


def test_machines_share_shuffled_data_and_the_fullest_of_spark_s_directories_counts():
    full = 33_832_162
    assert check_scratch([machine("a", tmp=40)], ratings=full).state == "ok"
    assert check_scratch([machine("a", x=20), machine("b", x=20)], ratings=full).state == "ok"
    short = check_scratch([machine("a", tmp=20)], ratings=full)
    assert short.state == "warning"
    assert short.found.startswith("21.5 GB free in /tmp of a, and a run shuffles up to 34.0 GB")
    assert "SPARK_LOCAL_DIRS" in short.fix
    short = check_scratch([machine("a", x=90, y=90), machine("b", x=9, y=90)], ratings=full)
    assert (short.state, " in /x of b, " in short.found) == ("warning", True)
