"""The pipeline that every test here runs, short, and how two runs of it are compared."""

from __future__ import annotations

import json
from typing import Any

from pyspark.sql import SparkSession

from movierec.config.loader import load_config
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.workspace import Result
from movierec.spark.session import Session
from tests.support.comparison import differences
from tests.support.paths import ROOT

SMALL = ROOT / "conf" / "small.yaml"
# A short search is enough to compare results.
OVERRIDES: dict[str, Any] = {
    "tuning.strategy": "grid",
    "tuning.implicit": {"rank": [8], "reg_param": [0.1], "alpha": [2], "feedback": ["signed"]},
    "tuning.explicit": {"rank": [8], "reg_param": [0.1]},
    "als.max_iter": 5,
    "evaluation.bootstrap": 100,
    "twins.resamples": 200,
    "twins.curve.floors": [20, 100],
}
# Long enough to kill machines twice: every trial fits for about 20 seconds.
LONG: dict[str, Any] = {"als.max_iter": 40, "als.checkpoint_interval": 5}


def sets(workspace: str, archive: str, **more: Any) -> list[str]:
    """The overrides of conf/small.yaml for the pipeline there."""
    values = {"workspace": workspace, "source.archive": archive, **OVERRIDES, **more}
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def flags(overrides: list[str]) -> list[str]:
    """The same as a command line takes them."""
    return [part for override in overrides for part in ("--set", override)]


def execution(session: Session, overrides: list[str]) -> Execution:
    """The execution of the pipeline, which finds its results."""
    text = SMALL.read_text(encoding="utf-8")
    return Execution(load_config(text, origin=SMALL.name, overrides=overrides), session)


def result(run: Execution, stage: dag.Stage) -> Result:
    """A stage's result, which must be there."""
    found = run.find(stage)
    assert found is not None, f"{run.workspace.root}: {stage.name} is not done"
    return found


def assert_equal(spark: SparkSession, stage: dag.Stage, ours: Execution, theirs: Execution):
    """Every dataset of the stage has the same rows, and exported files the same content."""
    assert differences(spark, result(ours, stage), result(theirs, stage)) == []
