"""`movierec judge`: the lists of any other system, measured as ours are."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from movierec.config.uris import resolve_uri
from movierec.data.columns import MOVIE_ID, RANK, USER_ID
from movierec.data.datasets import RECOMMENDATIONS, SPLIT_RATINGS, Dataset
from movierec.errors import ConfigError, InputError
from movierec.evaluation.compare import (
    ModelMetrics,
    cache_relevant_movies,
    collect_evaluation,
    collect_model_metrics,
)
from movierec.models.names import ALS, EASE, POPULARITY
from movierec.pipeline import dag
from movierec.pipeline.cli import print_summary, run_job
from movierec.pipeline.execution import Execution
from movierec.splitting.splits import HELD_OUT, TEST, TRAINING_SPLITS

YOURS: Final = "yours"
_RIVALS: Final = (EASE, ALS, POPULARITY)
_COLUMNS: Final = (USER_ID, MOVIE_ID, RANK)
_CANDIDATE: Final = "candidate"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure lists on a held-out split and compare them with those of the conf."""

    def extend(parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "lists", metavar="LISTS", help=f"Parquet, or CSV with a header: {', '.join(_COLUMNS)}"
        )
        parser.add_argument(
            "--split", choices=HELD_OUT, default=TEST, help="held-out split (default: %(default)s)"
        )

    return run_job("judge", _judge, argv, extend=extend)


def _judge(execution: Execution, arguments: argparse.Namespace) -> None:
    split, config = arguments.split, execution.config.evaluation
    partition, recommended = execution.require(dag.PARTITION), execution.require(dag.RECOMMEND)
    if config.candidates != "unseen":
        raise ConfigError(["evaluation.candidates: only lists of unseen movies are judged"])
    spark = execution.session()
    parts = {
        name: partition.read(spark, SPLIT_RATINGS.at(split=name), SPLIT_RATINGS.schema)
        for name in (*TRAINING_SPLITS[split], split)
    }
    heldout, (train, *more) = parts.pop(split), parts.values()
    for part in more:
        train = train.unionByName(part)
    relevant = cache_relevant_movies(heldout, relevant_rating=config.relevant_rating, split=split)
    lists = read_lists(spark, arguments.lists, k=config.k)
    marked = mark_candidates(lists, train=train).persist()
    outside = marked.where(~F.col(_CANDIDATE)).count()

    def measured(rows: DataFrame) -> ModelMetrics:
        return collect_model_metrics(rows, relevant=relevant, k=config.k, write=_kept)

    # in its place in the list, what is no candidate is a miss
    misses = F.when(F.col(_CANDIDATE), F.col(MOVIE_ID)).otherwise(-F.col(RANK)).alias(MOVIE_ID)
    yours = measured(marked.select(USER_ID, misses, RANK))
    found = marked.where(_CANDIDATE).select(MOVIE_ID).distinct().count()
    metrics = {YOURS: replace(yours, recommended_movies=found)}
    for model in _RIVALS:
        where = RECOMMENDATIONS.at(model=model, split=split)
        metrics[model] = measured(recommended.read(spark, where, RECOMMENDATIONS.schema))
    evaluation = collect_evaluation(
        metrics,
        train=train,
        heldout=heldout,
        relevant=relevant,
        config=config,
        comparisons=[(YOURS, model) for model in _RIVALS],
    )
    print(table(evaluation.models, evaluation.comparison))
    summary = {
        "split": split,
        "rows_seen_or_unknown": outside,
        "models": evaluation.models,
        "comparison": evaluation.comparison,
        "strata": evaluation.strata,
    }
    print_summary("judge", summary)


def read_lists(spark: SparkSession, path: str, *, k: int) -> DataFrame:
    """Return the first k ranks of lists: user_id, movie_id, rank.

    Raises InputError for a file that is not there, another column or type, no row, and a rank or a
    movie that a user has twice.
    """
    uri = resolve_uri(path, key="LISTS")
    reader = spark.read.option("header", True) if uri.lower().endswith(".csv") else spark.read
    try:
        given = reader.csv(uri) if uri.lower().endswith(".csv") else reader.parquet(uri)
    except AnalysisException as error:
        raise InputError(f"{path}: {str(error).splitlines()[0]}") from None
    if missing := [name for name in _COLUMNS if name not in given.columns]:
        raise InputError(
            f"{path}: the columns {', '.join(_COLUMNS)} were expected; it has "
            f"{', '.join(given.columns)}, so {', '.join(missing)} is missing"
        )
    lists = given.select(*(F.expr(f"try_cast({name} AS int)").alias(name) for name in _COLUMNS))
    no_number = " OR ".join(f"{name} IS NULL" for name in _COLUMNS)
    rows, bad = lists.agg(
        F.count(F.lit(1)), F.count(F.when(F.expr(f"{no_number} OR rank < 1"), 1))
    ).first() or (0, 0)
    if not rows or bad:
        what = f"{bad} of {rows} rows have no whole number in a column, or a rank below 1"
        raise InputError(f"{path}: {what}" if rows else f"{path}: it holds no list")
    for key in (RANK, MOVIE_ID):
        twice = lists.groupBy(USER_ID, key).count().where("count > 1").orderBy(USER_ID, key).first()
        if twice is not None:
            raise InputError(f"{path}: user {twice[0]} has {key} {twice[1]} {twice[2]} times")
    return lists.where(F.col(RANK) <= k)


def mark_candidates(lists: DataFrame, *, train: DataFrame) -> DataFrame:
    """Add whether the movie is in the training ratings, and the user has not rated it there."""
    known = train.select(MOVIE_ID).distinct().withColumn("known", F.lit(True))
    seen = train.select(USER_ID, MOVIE_ID).withColumn("seen", F.lit(True))
    return (
        lists.join(known, on=MOVIE_ID, how="left")
        .join(seen, on=[USER_ID, MOVIE_ID], how="left")
        .withColumn(_CANDIDATE, F.col("known").isNotNull() & F.col("seen").isNull())
        .select(*_COLUMNS, _CANDIDATE)
    )


def table(models: dict[str, dict[str, Any]], comparison: dict[str, dict[str, Any]]) -> str:
    """Return means and differences as text for a terminal."""
    metrics = [key for key in models[YOURS] if "_at_" in key]
    lines = ["".join([f"{'':<22}", *(f"{name:>18}" for name in metrics)])]
    for model, values in models.items():
        lines.append("".join([f"{model:<22}", *(f"{values[name]:18.4f}" for name in metrics)]))
    for pair, differences in comparison.items():
        intervals = ("[{:+.3f}, {:+.3f}]".format(*differences[name]["ci95"]) for name in metrics)
        name = pair.replace("_vs_", " − ")
        lines.append("".join([f"{name:<22}", *(f"{interval:>18}" for interval in intervals)]))
    return "\n".join(lines)


def _kept(frame: DataFrame, _: Dataset) -> DataFrame:
    return frame.persist()
