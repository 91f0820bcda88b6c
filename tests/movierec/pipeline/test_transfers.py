"""Copies of archives and results between file systems."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from movierec.config.uris import local_path
from movierec.errors import InputError
from movierec.pipeline.transfers import export_result, find_distcp, stage_in
from movierec.pipeline.workspace import Workspace
from movierec.spark.files import Files
from tests.support.manifests import manifest


@pytest.fixture
def result(files, tmp_path):
    attempt = Workspace(f"file://{tmp_path}/workspace", files).begin("twins", "0123")
    attempt.write_text("twins.csv", "1,2")
    attempt.write_text("twins/part-0", "rows")
    made = {"rows": {"twins": 1}, "sizes": {"twins": 4}}
    return attempt.publish(
        manifest(stage="twins", fingerprint="0123", attempt=attempt.name, **made)
    )


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


def test_an_exported_result_is_a_result(files, result, tmp_path):
    exported = Workspace(f"file://{tmp_path}/bucket", files)
    assert export_result(files, result, to=exported)
    found = exported.find("twins", "0123")
    assert found.manifest == replace(result.manifest, attempt=found.manifest.attempt)
    assert files.read_text(f"{found.path}/twins/part-0") == "rows"
    assert not export_result(files, result, to=exported)


def test_an_export_that_fails_leaves_no_result_and_can_be_repeated(files, result, tmp_path):
    exported = Workspace(f"file://{tmp_path}/bucket", files)

    def fail_at_second(sources, to):
        files.copy(sources[0], f"{to}/{sources[0].rpartition('/')[2]}")
        raise InputError("the disk is full")

    with pytest.raises(InputError, match="the disk is full"):
        export_result(files, result, to=exported, copy=fail_at_second)
    assert exported.find("twins", "0123") is None

    def lose_bytes(sources, to):
        for source in sources:
            files.copy(source, f"{to}/{source.rpartition('/')[2]}")
        files.write_text(f"{to}/twins/part-0", "row")

    with pytest.raises(InputError, match="twins"):
        export_result(files, result, to=exported, copy=lose_bytes)
    assert exported.find("twins", "0123") is None
    assert export_result(files, result, to=exported)
    found = exported.find("twins", "0123")
    assert files.read_text(f"{found.path}/twins.csv") == "1,2"


def test_distcp_is_used_if_there_is_a_hadoop_command(tmp_path, monkeypatch):
    said = tmp_path / "said"
    hadoop = tmp_path / "hadoop"
    hadoop.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {said}\nexit "${{FAIL:-0}}"\n')
    hadoop.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert find_distcp() is None
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    copy = find_distcp()
    copy(["hdfs:///a", "hdfs:///b"], "gs://b/x")
    arguments = said.read_text().splitlines()
    assert arguments[0] == "distcp"
    assert arguments[-3:] == ["hdfs:///a", "hdfs:///b", "gs://b/x"]
    monkeypatch.setenv("FAIL", "3")
    with pytest.raises(InputError) as caught:
        copy(["hdfs:///a", "hdfs:///b"], "gs://b/x")
    assert str(caught.value) == (
        "gs://b/x: distcp of 2 sources, the first of them hdfs:///a, ended with exit code 3: "
        "see above"
    )
