"""The exported files of a run, and the directory that they go to."""

import json
from pathlib import Path

import pytest

from movierec.pipeline.exports import DoneStage, out_name, write_exports

EVALUATE = DoneStage("evaluate", 2.5, {"summary.json": '{"models": {"als": 1}}'}.get)
TWINS = DoneStage(
    "twins", 3.0, {"summary.json": '{"twins": {"pairs": 1}}', "twins.csv": "rank\nü\n"}.get
)
TUNE = DoneStage("tune", 4.0, {"summary.json": None, "notes.txt": "not exported"}.get)
REPORT = DoneStage("report", 0.5, {"report.json": '{"version": 1}\n'}.get)
MERGED = {
    "models": {"als": 1},
    "twins": {"pairs": 1},
    "timings": {"tune": 4.0, "evaluate": 2.5, "twins": 3.0, "report": 0.5},
}


def test_the_exported_files_are_those_of_the_stages_and_the_merged_summary(tmp_path):
    out = tmp_path / "out" / "small"
    assert write_exports([TUNE, EVALUATE, TWINS, REPORT], out) == MERGED
    assert {path.name for path in out.iterdir()} == {"report.json", "summary.json", "twins.csv"}
    assert json.loads((out / "summary.json").read_text()) == MERGED
    assert (out / "twins.csv").read_bytes() == "rank\nü\n".encode()
    assert (out / "report.json").read_bytes() == b'{"version": 1}\n'


def test_an_earlier_file_goes_if_its_stage_is_not_done_and_other_files_stay(tmp_path):
    for name in ("summary.json", "twins.csv", "report.json", "stability.json"):
        (tmp_path / name).write_text("of another run")
    assert "twins" not in write_exports([EVALUATE], tmp_path)
    left = {path.name: path.read_text() for path in tmp_path.iterdir()}
    summary = {"models": {"als": 1}, "timings": {"evaluate": 2.5}}
    assert json.loads(left.pop("summary.json")) == summary
    assert left == {"stability.json": "of another run"}


DIFFERENT = [
    ["twins.lsh.rows=[1"],
    ["twins.lsh.rows=]1"],
    [],
    ["evaluation.k=10"],
    ["evaluation.k=1"],
    ["evaluation.k=10", "als.seed=2"],
    ["tuning.implicit.rank=[8, 16]"],
    ["tuning.implicit.rank=[81, 6]"],
    ["twins.thresholds=[0.1]"],
    ["twins.thresholds=[-0.1]"],
    ["source.archive=/data/ml-100k.zip"],
    ["source.archive=/data/ml-1m.zip"],
    [f"tuning.implicit.reg_param={[0.1] * 40}"],
    [f"tuning.implicit.reg_param={[0.1] * 41}"],
]


def test_no_two_different_overrides_share_a_directory():
    names = [out_name("conf/small.yaml", overrides) for overrides in DIFFERENT]
    assert len(set(names)) == len(DIFFERENT), sorted(names)
    for name in names:
        assert Path(name).name == name
        assert name.startswith("small")
        assert len(name) < 130


@pytest.mark.parametrize(
    "overrides",
    [
        ["workspace=/tmp/w"],
        ["source.sha256=null", "source.url=null", "source.generate=null"],
        ["source.expected_ratings=null"],
        ['source.archive="/elsewhere/ml-small.zip"'],
    ],
)
def test_what_changes_no_result_is_not_in_the_name(overrides):
    assert out_name("small", overrides, own_archive="file:data/ml-small.zip") == "small"
