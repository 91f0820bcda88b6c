"""Every bad input gives its exit code and one line, and leaves no file behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from movierec.pipeline import cli, dag
from movierec.stages.ingest import run
from tests.data.bad import confs, rows, zips
from tests.data.bad.case import Case
from tests.support import archives
from tests.support.confs import SMALL

N_ROWS = {
    "movies": 5,
    "ratings": 5,
    "tags": 3,
    "links": 3,
    "genome_tags": 2,
    "genome_scores": 3,
}
USUAL = {"source.sha256": None, "source.expected_ratings": None}


class SharedSession:
    """The tests' Spark session, which `stop` leaves running."""

    def __init__(self, session):
        self._session = session

    def __call__(self):
        return self._session()

    def __getattr__(self, name):
        return getattr(self._session, name)

    def stop(self):
        """Do nothing."""


@pytest.fixture
def ingest(session, capsys, monkeypatch):
    """A function that runs the ingest job and returns its exit code and its output's lines."""
    monkeypatch.setattr(cli, "Session", lambda *_, **__: SharedSession(session))

    def ingested(conf, *overrides):
        sets = [f"--set={override}" for override in overrides]
        code = cli.main(dag.INGEST, run, ["--config", str(conf), *sets])
        return code, capsys.readouterr().err.splitlines()

    return ingested


def overrides(path, workspace, more=()):
    """The overrides of conf/small.yaml for this archive."""
    values = {"source.archive": str(path), "workspace": str(workspace), **USUAL, **dict(more)}
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def left_behind(workspace: Path) -> list[Path]:
    return [path for path in workspace.rglob("*") if path.is_file()]


@pytest.mark.parametrize("case", [*zips.CASES, *rows.CASES], ids=lambda case: case.name)
def test_a_bad_archive_is_refused(ingest, tmp_path, case: Case):
    path, workspace = tmp_path / "a.zip", tmp_path / "w"
    case.build(path)
    before = path.read_bytes() if path.is_file() else None
    code, said = ingest(SMALL, *overrides(path, workspace, case.overrides))
    *steps, last = said
    assert code == 3, said
    assert last.replace(path.as_uri(), "URI").startswith(f"ingest: {case.message}")
    assert not [line for line in steps if not line.startswith("ingest: ")]
    assert left_behind(workspace) == []
    assert before == (path.read_bytes() if path.is_file() else None)


def test_each_bad_row_is_rejected_with_its_reason(ingest, tmp_path, spark):
    path, workspace = tmp_path / "a.zip", tmp_path / "w"
    rows.all_bad_rows(path)
    code, said = ingest(SMALL, *overrides(path, workspace, {"source.max_rejected_fraction": 1}))
    assert code == 0, said
    (rejected,) = workspace.glob("ingest/*/*/rejected")
    found = {
        (row.member, row.line): row.reason for row in spark.read.parquet(str(rejected)).collect()
    }
    assert found == {
        (f"{name}.csv", rows.shown(row)): reason
        for name, bad in rows.ROWS.items()
        for row, reason in bad.items()
    }


def test_unusual_but_valid_members_are_read(ingest, tmp_path):
    path = tmp_path / "a.zip"
    archives.latest(path, rows.GOOD)
    code, said = ingest(SMALL, *overrides(path, tmp_path / "w"))
    assert code == 0, said
    (manifest,) = (tmp_path / "w" / "ingest").glob("*/_manifest.json")
    read = json.loads(manifest.read_text())["rows"]
    assert read == {**N_ROWS, "rejected": 0}


@pytest.mark.parametrize("name", confs.CASES)
def test_a_bad_conf_is_refused(ingest, tmp_path, name):
    text, expected = confs.CASES[name]
    conf = tmp_path / "c.yaml"
    conf.write_bytes(text if isinstance(text, bytes) else text.encode())
    code, said = ingest(conf)
    assert code == 2, said
    assert len(said) >= len(expected)
    for line, start in zip(said, expected, strict=False):
        assert line.startswith(f"ingest: {conf}: {start}")


@pytest.mark.parametrize("override", confs.OVERRIDES, ids=lambda text: text[:50])
def test_a_bad_override_is_refused(ingest, override):
    code, said = ingest(SMALL, override)
    assert code == 2, said
    assert len(said) == 1
    assert confs.OVERRIDES[override] in said[0]
