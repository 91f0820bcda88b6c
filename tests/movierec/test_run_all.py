"""The whole pipeline in one session, against its jobs one by one."""

from types import SimpleNamespace

import pytest

from movierec import run_all
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.workspace import Workspace
from tests.support.confs import tiny_conf
from tests.support.in_process import run_job


def manifests(workspace):
    return {path: path.read_text() for path in workspace.glob("*/*/_manifest.json")}


def test_the_single_jobs_find_the_results_of_the_whole_pipeline(session, finished_run, monkeypatch):
    before = manifests(finished_run.workspace)
    assert {path.parts[-3] for path in before} >= {stage.name for stage in dag.PIPELINE}
    for stage in dag.PIPELINE:
        code = run_job(stage.job, finished_run.words, session=session, patch=monkeypatch)
        assert code == 0, stage.name
    assert manifests(finished_run.workspace) == before


@pytest.fixture
def execution(session, tmp_path):
    """On an archive that is not read, as no stage runs."""
    conf = tiny_conf(tmp_path / "w", tmp_path / "a.zip", source__sha256="ab" * 32)
    return Execution(conf, session)


def test_a_stage_that_fails_for_its_input_stops_only_those_that_need_it(
    execution, monkeypatch, capsys
):
    ran = []

    def run_stage(execution, stage, run, *, force=False, lasting=None):
        ran.append(stage)
        if stage in (dag.TUNE, dag.TWINS):
            raise InputError(f"too little for {stage.name}")
        return SimpleNamespace(reused=True)

    monkeypatch.setattr(run_all, "run_stage", run_stage)
    with pytest.raises(InputError, match="too little for tune"):
        run_all.run_pipeline(execution)
    assert ran == [dag.INGEST, dag.PARTITION, dag.POPULARITY, dag.TUNE, dag.TWINS]
    said = capsys.readouterr().err
    assert "tune: too little for tune\n" in said
    assert "evaluate: left out, as tune failed\n" in said
    assert "report: left out, as tune and twins failed\n" in said


def test_force_and_the_lasting_workspace_are_for_every_stage(execution, monkeypatch):
    given = {}

    def run_stage(execution, stage, run, *, force=False, lasting=None):
        given[stage.name] = (force, lasting.root)
        return SimpleNamespace(reused=True)

    monkeypatch.setattr(run_all, "run_stage", run_stage)
    lasting = Workspace("file:///lasting", execution.files)
    run_all.run_pipeline(execution, force=True, lasting=lasting)
    assert given == {stage.name: (True, lasting.root) for stage in dag.PIPELINE}
