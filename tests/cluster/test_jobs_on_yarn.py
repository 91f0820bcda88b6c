"""Every job by spark-submit on YARN, its archive and results on HDFS, against local mode."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from movierec import stages
from movierec.config_loader import load_config
from movierec.execution import Execution
from movierec.pipeline import run_pipeline
from movierec.workspace import Result

SMALL = Path(__file__).resolve().parents[2] / "conf" / "small.yaml"
# A short search: what is to be equal does not depend on how long it is.
OVERRIDES = {
    "tuning.strategy": "grid",
    "tuning.implicit": {"rank": [8], "reg_param": [0.1], "alpha": [2], "feedback": ["signed"]},
    "tuning.explicit": {"rank": [8], "reg_param": [0.1]},
    "als.max_iter": 5,
    "evaluation.bootstrap": 100,
    "twins.resamples": 200,
    "twins.curve.floors": [20, 100],
}
# How long a step took is the one thing that may differ.
CLOCKS = ("seconds",)


@dataclass(frozen=True)
class Pipeline:
    """A pipeline's execution and where it ran."""

    execution: Execution

    def result(self, stage: stages.Stage) -> Result:
        """The stage's result."""
        found = self.execution.find(stage)
        assert found is not None, f"{stage.name} is not done"
        return found


def sets(workspace: str, archive: str) -> list[str]:
    values = {"workspace": workspace, "source.archive": archive, **OVERRIDES}
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def flags(overrides: list[str]) -> list[str]:
    return [part for override in overrides for part in ("--set", override)]


def execution(session, overrides):
    text = SMALL.read_text(encoding="utf-8")
    return Execution(load_config(text, origin=SMALL.name, overrides=overrides), session)


@pytest.fixture(scope="module")
def local(session, small_archive, tmp_path_factory):
    """The pipeline in local mode."""
    workspace = tmp_path_factory.mktemp("local")
    run = execution(session, sets(f"file://{workspace}", str(small_archive)))
    run_pipeline(run)
    return Pipeline(run)


@pytest.fixture(scope="module")
def on_yarn(session, hadoop, submitter, archive):
    """The same, job by job, on YARN and HDFS."""
    overrides = sets(f"{hadoop.hdfs}/workspace", archive)
    for stage in stages.PIPELINE:
        done = submitter.run(stage.job, *flags(overrides), conf=SMALL)
        assert done.exit_code == 0, done.errors[-3000:]
        assert done.summary["output"].startswith(f"{hadoop.hdfs}/workspace/{stage.name}/")
    return Pipeline(execution(session, overrides))


@pytest.mark.parametrize("stage", stages.PIPELINE, ids=lambda stage: stage.name)
def test_results_on_hdfs_equal_those_of_local_mode_row_for_row(spark, local, on_yarn, stage):
    ours, theirs = local.result(stage), on_yarn.result(stage)
    assert ours.manifest.rows == theirs.manifest.rows
    for dataset in ours.manifest.rows:
        frames = [spark.read.parquet(f"{one.path}/{dataset}") for one in (ours, theirs)]
        here, there = (frame.drop(*CLOCKS) for frame in frames)
        assert here.exceptAll(there).isEmpty(), dataset
        assert there.exceptAll(here).isEmpty(), dataset


@pytest.mark.parametrize("stage", [stages.EVALUATE, stages.TWINS], ids=lambda stage: stage.name)
def test_summaries_are_equal_to_the_byte(local, on_yarn, stage):
    texts = [
        one.execution.files.read_text(f"{one.result(stage).path}/summary.json")
        for one in (local, on_yarn)
    ]
    assert texts[0] == texts[1]
