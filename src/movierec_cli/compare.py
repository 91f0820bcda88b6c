"""`movierec compare`: two finished runs, or two models of one, user by user."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from movierec.config.arguments import add_session_arguments, archive_overrides
from movierec.config.loader import split_assignments
from movierec.data.datasets import USER_METRICS
from movierec.errors import ConfigError, InputError
from movierec.evaluation.compare import collect_difference
from movierec.models.names import ALS, MODELS
from movierec.pipeline import dag
from movierec.pipeline.cli import open_session, print_summary, read_config, run_guarded
from movierec.pipeline.execution import Execution
from movierec.pipeline.workspace import Result
from movierec.spark.session import Session
from movierec.splitting.splits import HELD_OUT


def main(argv: Sequence[str] | None = None) -> int:
    """Print the paired difference of every metric of A and B, with its interval."""
    parser = argparse.ArgumentParser(prog="compare", allow_abbrev=False, description=__doc__)
    what = "CONF[+KEY=VALUE…][:MODEL], such as small:popularity or small+als.seed=2 (MODEL: als)"
    parser.add_argument("a", metavar="A", help=what)
    parser.add_argument("b", metavar="B", help="the same")
    parser.add_argument("--archive", metavar="PATH", help="of both, in place of the one in conf")
    add_session_arguments(parser)
    arguments = parser.parse_args(argv)

    def body(session: Session) -> None:
        one, other = (
            Side.of(text, session, archive=arguments.archive) for text in (arguments.a, arguments.b)
        )
        one.check_comparable(other)
        spark = session()
        found = {split: _compared(spark, one, other, split) for split in HELD_OUT}
        print(table(found, one.text, other.text))
        print_summary("compare", {"a": one.text, "b": other.text, "difference": found})

    return run_guarded("compare", body, open_session("compare", arguments))


@dataclass(frozen=True)
class Side:
    """One of the two."""

    text: str
    """As it was given."""
    execution: Execution
    result: Result
    """Of `evaluate`."""
    model: str

    @classmethod
    def of(cls, text: str, session: Session, *, archive: str | None) -> Side:
        """Return what CONF[+KEY=VALUE…][:MODEL] means. Raises ConfigError or InputError."""
        conf, _, model = text.rpartition(":")
        if not conf or "/" in model or "=" in model:
            conf, model = text, ALS
        if model not in MODELS:
            raise ConfigError(
                [f"{text}: a model of {', '.join(MODELS)} was expected, not {model!r}"]
            )
        execution = execution_of(conf, session, archive=archive)
        return cls(text, execution, execution.require(dag.EVALUATE), model)

    def metrics(self, spark: SparkSession, split: str) -> DataFrame:
        """Return the metrics of each user."""
        where = USER_METRICS.at(model=self.model, split=split)
        return self.result.read(spark, where, USER_METRICS.schema)

    def check_comparable(self, other: Side) -> None:
        """Raise InputError where the two were not measured on equal ratings in the same way."""
        ours, theirs = (
            self.execution.fingerprint(dag.PARTITION),
            other.execution.fingerprint(dag.PARTITION),
        )
        if ours != theirs:
            raise InputError(
                f"{self.text} and {other.text} hold out different ratings: their archives or their "
                f"sections partition differ ({ours}, {theirs})"
            )
        for key in ("k", "relevant_rating", "candidates"):
            one, two = (getattr(side.execution.config.evaluation, key) for side in (self, other))
            if one != two:
                raise InputError(
                    f"evaluation.{key} is {one} in {self.text} and {two} in {other.text}: numbers "
                    "of different protocols cannot be compared; run one again with the other's"
                )


def execution_of(text: str, session: Session, *, archive: str | None) -> Execution:
    """Return the run that CONF[+KEY=VALUE…] means. Raises ConfigError."""
    name, *overrides = text.split("+")
    assignments = [one for pair in overrides for one in split_assignments(pair)]
    given = [*archive_overrides(archive), *assignments]
    return Execution(read_config(name, given, session), session)


def _compared(spark: SparkSession, one: Side, other: Side, split: str) -> dict[str, dict[str, Any]]:
    metrics = (side.metrics(spark, split) for side in (one, other))
    return collect_difference(*metrics, config=one.execution.config.evaluation)


def table(found: dict[str, dict[str, dict[str, Any]]], one: str, other: str) -> str:
    """Return the differences as text for a terminal.

    >>> print(table({"test": {"ndcg_at_10": {"one": 0.25, "other": 0.2, "difference": 0.05,
    ...     "ci95": [0.01, 0.09], "p_value": 0.002}}}, "small", "small:popularity"))
    A: small
    B: small:popularity
    split       metric                        A         B     A − B              95 %         p
    test        ndcg_at_10               0.2500    0.2000   +0.0500  [+0.010, +0.090]     0.002
    """
    head = f"{'split':<12}{'metric':<20}{'A':>11}{'B':>10}{'A − B':>10}{'95 %':>18}{'p':>10}"
    lines = [f"A: {one}", f"B: {other}", head]
    for split, metrics in found.items():
        for metric, row in metrics.items():
            interval = "[{:+.3f}, {:+.3f}]".format(*row["ci95"])
            lines.append(
                f"{split:<12}{metric:<20}{row['one']:>11.4f}{row['other']:>10.4f}"
                f"{row['difference']:>+10.4f}{interval:>18}{row['p_value']:>10.3f}"
            )
    return "\n".join(lines)
