"""How two runs of the pipeline are compared, one of them on the cluster."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from movierec.config.loader import load_config
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.workspace import Result
from movierec.spark.session import Session
from tests.support.comparison import differences
from tests.support.finished import SAMPLE

JOBS = ("stage_in", "run_all")
# Long enough to kill machines twice.
LONG: dict[str, Any] = {
    "tuning.implicit": {"rank": [8], "reg_param": [0.1], "alpha": [2], "feedback": ["signed"]},
    "als.max_iter": 40,
    "als.checkpoint_interval": 5,
}


def flags(overrides: list[str]) -> list[str]:
    """The same as a command line takes them."""
    return [part for override in overrides for part in ("--set", override)]


def execution(session: Session, overrides: list[str]) -> Execution:
    """The execution of the pipeline, which finds its results."""
    text = SAMPLE.read_text(encoding="utf-8")
    return Execution(load_config(text, origin=SAMPLE.name, overrides=overrides), session)


def result(run: Execution, stage: dag.Stage) -> Result:
    """A stage's result, which must be there."""
    found = run.find(stage)
    assert found is not None, f"{run.workspace.root}: {stage.name} is not done"
    return found


def assert_equal(spark: SparkSession, stage: dag.Stage, ours: Execution, theirs: Execution):
    """Every dataset of the stage has the same rows, and exported files the same content."""
    assert differences(spark, result(ours, stage), result(theirs, stage)) == []
