"""Copies of results between workspaces, also by a stage.

Covers `movierec.pipeline.run_stage`.
"""

from dataclasses import replace

import pytest

from movierec.config.loader import load_config
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.result_copies import copy_result, find_distcp
from movierec.pipeline.run_stage import run_stage
from movierec.pipeline.workspace import Workspace
from tests.support.finished import SAMPLE
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


def test_an_export_that_fails_leaves_no_result_and_a_repetition_one(files, result, tmp_path):
    exported = Workspace(f"file://{tmp_path}/bucket", files)

    def fail_at_second(sources, to):
        files.copy(sources[0], f"{to}/{sources[0].rpartition('/')[2]}")
        raise InputError("the disk is full")

    with pytest.raises(InputError, match="the disk is full"):
        copy_result(files, result, to=exported, copy=fail_at_second)
    assert exported.find("twins", "0123") is None

    def lose_bytes(sources, to):
        for source in sources:
            files.copy(source, f"{to}/{source.rpartition('/')[2]}")
        files.write_text(f"{to}/twins/part-0", "row")

    with pytest.raises(InputError, match="twins"):
        copy_result(files, result, to=exported, copy=lose_bytes)
    assert exported.find("twins", "0123") is None
    assert copy_result(files, result, to=exported)
    found = exported.find("twins", "0123")
    assert found.manifest == replace(result.manifest, attempt=found.manifest.attempt)
    assert files.read_text(f"{found.path}/twins.csv") == "1,2"
    assert files.read_text(f"{found.path}/twins/part-0") == "rows"
    assert not copy_result(files, result, to=exported)


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


def test_a_stage_copies_its_result_to_lasting_storage_and_back_to_a_new_cluster(
    files, session, tmp_path
):
    lasting, made = Workspace(f"file://{tmp_path}/bucket", files), []

    def run(context):
        made.append(context.stage.name)
        context.attempt.write_text("number", str(len(made)))

    def stage_on(cluster, *, force=False):
        places = [f"workspace={tmp_path}/{cluster}", f"source.sha256='{'a' * 64}'"]
        config = load_config(SAMPLE.read_text(), origin="sample", overrides=places)
        execution = Execution(config, session)
        outcome = run_stage(execution, dag.INGEST, run, force=force, lasting=lasting)
        kept = lasting.find("ingest", execution.fingerprint(dag.INGEST))
        return outcome.result.read_text("number"), kept.read_text("number"), outcome.reused

    assert stage_on("first") == ("1", "1", False)
    assert stage_on("second") == ("1", "1", True)
    assert stage_on("second", force=True) == ("2", "2", False)
    # the first cluster has its own result and does not replace the newer one
    assert stage_on("first") == ("1", "2", True)
    assert made == ["ingest", "ingest"]
