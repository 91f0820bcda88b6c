"""Copies of archives between file systems."""

import os
from pathlib import Path

import pytest

from movierec.config.uris import local_path
from movierec.errors import InputError
from movierec.pipeline.transfers import stage_in
from movierec.spark.files import Files


def test_an_archive_is_copied_once_and_again_when_it_has_changed(files, tmp_path):
    source, target = tmp_path / "a.zip", tmp_path / "hdfs" / "a.zip"
    source.write_bytes(b"first")
    uris = {"source": f"file://{source}", "target": f"file://{target}"}
    assert stage_in(files, **uris)
    assert target.read_bytes() == b"first"
    assert not stage_in(files, **uris)
    source.write_bytes(b"other")
    os.utime(source, (4e9, 4e9))
    assert stage_in(files, **uris)
    assert target.read_bytes() == b"other"
    source.write_bytes(b"longer")
    os.utime(source, (1.0, 1.0))
    assert stage_in(files, **uris)
    assert target.read_bytes() == b"longer"


def test_a_partial_copy_of_an_archive_is_an_error_and_is_deleted(files, tmp_path, monkeypatch):
    source, target = tmp_path / "a.zip", tmp_path / "b.zip"
    source.write_bytes(b"whole")

    def cut(self, from_uri, to_uri):
        Path(local_path(to_uri)).write_bytes(b"who")

    monkeypatch.setattr(Files, "copy", cut)
    with pytest.raises(InputError, match=r"a.zip: 3 of 5 bytes arrived; run it again$"):
        stage_in(files, source=f"file://{source}", target=f"file://{target}")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_a_missing_archive_is_an_error(files, tmp_path):
    for path in (tmp_path / "none.zip", tmp_path):
        with pytest.raises(InputError, match=r"there is no such file; upload the archive first$"):
            stage_in(files, source=f"file://{path}", target=f"file://{tmp_path}/x.zip")
