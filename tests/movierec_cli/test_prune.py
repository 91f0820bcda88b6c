"""The command line of prune: listing, deleting, and errors."""

import json

import pytest

from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.prune import UNREACHED
from movierec.pipeline.workspace import Workspace
from movierec.spark.files import Files
from movierec_cli import prune
from tests.support.confs import SMALL, load_conf
from tests.support.manifests import manifest

OTHER = "b" * 16
STAGES = (dag.PARTITION, dag.TWINS)
"""The workspace has a result of each that conf reaches, and one that it does not."""


@pytest.fixture
def conf(session, tmp_path, monkeypatch):
    """conf/small.yaml on a workspace with results; it does not reach two of them."""
    monkeypatch.setattr(prune, "open_session", lambda name, arguments: session)
    monkeypatch.setattr(session, "stop", lambda: None)
    conf = conf_on(tmp_path / "a.yaml", tmp_path / "w")
    config = load_conf(conf, {})
    execution = Execution(config, session)
    workspace = Workspace(config.workspace, Files(session))
    for stage in STAGES:
        publish(workspace, stage.name, execution.fingerprint(stage))
        publish(workspace, stage.name, OTHER)
    return conf


def conf_on(path, workspace):
    text = SMALL.read_text(encoding="utf-8")
    path.write_text(f"{text}workspace: file://{workspace}\n", encoding="utf-8")
    return path


def publish(workspace, stage, fingerprint):
    attempt = workspace.begin(stage, fingerprint)
    attempt.write_text("data", "12345")
    attempt.publish(manifest(stage=stage, attempt=attempt.name))


@pytest.fixture
def run(capsys):
    """Prune; return the summary and the lines on standard error."""

    def pruned(*words):
        assert prune.main(["--config", *map(str, words)]) == 0
        said = capsys.readouterr()
        return json.loads(said.out.splitlines()[-1]), said.err.splitlines()

    return pruned


def files_of(workspace):
    return {path for path in workspace.rglob("*") if path.is_file()}


def test_what_is_listed_is_deleted_on_request(conf, run, tmp_path):
    before = files_of(tmp_path / "w")
    summary, (*listed, last) = run(conf)
    assert files_of(tmp_path / "w") == before
    unreached = [tmp_path / "w" / stage.name / OTHER for stage in STAGES]
    for line, path in zip(listed, unreached, strict=True):
        assert line.startswith(f"prune: {path.as_uri()}: ")
        assert line.endswith(f" MB, {UNREACHED}")
    assert last == "prune: nothing is deleted yet: FORCE=1 (--delete) does that"
    assert summary["bytes"] >= 2 * len("12345")
    assert summary | {"bytes": 0} == {"job": "prune", "found": 2, "bytes": 0, "deleted": False}
    assert run(conf, "--delete") == (summary | {"deleted": True}, listed)
    assert before - files_of(tmp_path / "w") == {one for one in before if OTHER in one.parts}
    assert not any(path.exists() for path in unreached)
    assert run(conf, "--delete")[0] == {"job": "prune", "found": 0, "bytes": 0, "deleted": True}


def test_results_that_any_of_the_confs_reaches_stay(conf, run, tmp_path):
    other = conf_on(tmp_path / "b.yaml", tmp_path / "w")
    with other.open("a", encoding="utf-8") as file:
        file.write("partition: {seed: 2}\ntwins: {seed: 2}\n")
    assert run(other)[0]["found"] == 4
    assert run(other, conf)[0]["found"] == 2
