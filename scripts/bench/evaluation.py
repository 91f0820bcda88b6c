"""Time the metrics of one model's lists against RankingMetrics through Python RDDs.

Ours is what `evaluate` does for a model on a split: hits and metrics by user, written, coverage,
and Spark's RankingMetrics by its DataFrame door. The other is what tutorials do, RankingMetrics
alone: lists and truths as an RDD of Python lists. Both start from the lists' Parquet, here of the
popularity baseline on validation.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

from pyspark.mllib.evaluation import RankingMetrics
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from movierec.data import schemas
from movierec.data.columns import MOVIE_ID, RANK, USER_ID
from movierec.data.schemas import conform
from movierec.evaluation.compare import collect_judged
from movierec.evaluation.metrics import relevant_movies
from movierec.models.recommenders import Contest
from movierec.pipeline import dag
from movierec.spark.session import size_shuffles
from scripts.bench import harness
from scripts.bench.harness import Findings, Setting, ratio, shown, timed


def run(setting: Setting) -> Findings:
    execution = setting.results(dag.INGEST, dag.PARTITION)
    partition, config = execution.require(dag.PARTITION), setting.config.evaluation
    spark = execution.session()
    size_shuffles(spark, rows=partition.manifest.rows["train"])
    train, heldout = (
        partition.read(spark, name, schemas.RATINGS) for name in ("train", "validation")
    )
    relevant = relevant_movies(heldout, relevant_rating=config.relevant_rating)
    with tempfile.TemporaryDirectory(prefix="bench-evaluation-") as place:
        contest = Contest(known=train, heldout=heldout, config=setting.config)
        by_count = contest.popularity_factors({"kind": "count", "damping": None})
        contest.lists(by_count).write.parquet(f"file:{place}/lists")
        contest.close()
        lists = spark.read.parquet(f"file:{place}/lists")

        def write(frame: DataFrame, name: str, schema: StructType) -> DataFrame:
            path = f"file:{place}/{name}"
            conform(frame, schema).write.mode("overwrite").parquet(path)
            return spark.read.schema(schema).parquet(path)

        def ours() -> dict[str, float]:
            return collect_judged(lists, relevant=relevant, k=config.k, write=write).means

        repetitions = setting.arguments.repetitions
        ours_s, means = timed(ours, repetitions)
        harness.say("evaluation", f"ours {ours_s:.2f} s")
        rdd_s, theirs = timed(lambda: _rdd(lists, relevant, k=config.k), repetitions)
        harness.say("evaluation", f"RankingMetrics through RDDs {rdd_s:.2f} s")
        return {
            "rows": lists.count(),
            "users": relevant.select(USER_ID).distinct().count(),
            "ours_s": round(ours_s, 2),
            "rdd_s": round(rdd_s, 2),
            "vs_rdd": ratio(rdd_s, ours_s),
            "largest_difference": max(abs(means[name] - theirs[name]) for name in means),
        }


def _rdd(lists: DataFrame, relevant: DataFrame, *, k: int) -> dict[str, float]:
    recommended = lists.groupBy(USER_ID).agg(F.collect_list(F.struct(RANK, MOVIE_ID)).alias("own"))
    truth = relevant.groupBy(USER_ID).agg(F.collect_set(MOVIE_ID).alias("truth"))

    def pair(row: Any) -> tuple[list[int], list[int]]:
        return [movie for _, movie in sorted(row.own or [])], list(row.truth)

    metrics: Any = RankingMetrics(truth.join(recommended, on=USER_ID, how="left").rdd.map(pair))
    return {
        "precision": metrics.precisionAt(k),
        "map": metrics.meanAveragePrecisionAt(k),
        "ndcg": metrics.ndcgAt(k),
        "recall": metrics.recallAt(k),
    }


def table(found: Findings) -> str:
    return (
        f"{found['rows']} rows of lists: ours {found['ours_s']} s, RankingMetrics through Python"
        f" RDDs {found['rdd_s']} s, {shown(found['vs_rdd'])} ×"
    )


def main(argv: list[str] | None = None) -> int:
    return harness.main("evaluation", run, table, argv=argv)


if __name__ == "__main__":
    sys.exit(main())
