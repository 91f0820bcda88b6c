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
STAGES = ("partition", "twins")
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
    for stage in dag.PIPELINE:
        if stage.name in STAGES:
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


def files_of(workspace):
    return {path for path in workspace.rglob("*") if path.is_file()}


def unreached(workspace):
    return [workspace / stage / OTHER for stage in STAGES]


def test_listing_deletes_nothing(conf, tmp_path, capsys):
    before = files_of(tmp_path / "w")
    assert prune.main(["--config", str(conf)]) == 0
    said = capsys.readouterr()
    assert files_of(tmp_path / "w") == before
    *listed, last = said.err.splitlines()
    for line, path in zip(listed, unreached(tmp_path / "w"), strict=True):
        assert line.startswith(f"prune: {path.as_uri()}: ")
        assert line.endswith(f" MB, {UNREACHED}")
    assert last == "prune: nothing is deleted yet: FORCE=1 (--delete) does that"
    summary = json.loads(said.out.splitlines()[-1])
    assert summary.pop("bytes") >= 2 * len("12345")
    assert summary == {"job": "prune", "found": 2, "deleted": False}


def test_delete_removes_exactly_what_was_listed(conf, tmp_path, capsys):
    before = files_of(tmp_path / "w")
    assert prune.main(["--config", str(conf)]) == 0
    listed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert prune.main(["--config", str(conf), "--delete"]) == 0
    said = capsys.readouterr()
    gone = before - files_of(tmp_path / "w")
    assert gone == {one for one in before if OTHER in one.parts}
    assert not any(path.exists() for path in unreached(tmp_path / "w"))
    assert json.loads(said.out.splitlines()[-1]) == listed | {"deleted": True}
    assert "nothing is deleted" not in said.err
    assert prune.main(["--config", str(conf), "--delete"]) == 0
    again = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert again == {"job": "prune", "found": 0, "bytes": 0, "deleted": True}


def test_results_that_any_of_the_confs_reaches_stay(conf, tmp_path, capsys):
    other = conf_on(tmp_path / "b.yaml", tmp_path / "w")
    with other.open("a", encoding="utf-8") as file:
        file.write("partition: {seed: 2}\ntwins: {seed: 2}\n")
    assert prune.main(["--config", str(other)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["found"] == 4
    assert prune.main(["--config", str(other), str(conf)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["found"] == 2
