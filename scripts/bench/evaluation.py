"""Time the metrics of one model's lists against RankingMetrics through Python RDDs.

Ours is what `evaluate` does for a model on a split: it writes hits and metrics by user, counts
coverage, and calls Spark's RankingMetrics through DataFrames. The other is what tutorials do:
RankingMetrics alone, on an RDD of Python lists. Both start from the lists' Parquet, here of the
popularity baseline on validation.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

from pyspark.mllib.evaluation import RankingMetrics
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import MOVIE_ID, RANK, USER_ID
from movierec.data.datasets import SPLIT_RATINGS, Dataset
from movierec.data.schemas import conform
from movierec.evaluation.compare import collect_model_metrics
from movierec.evaluation.metrics import relevant_movies
from movierec.models.popularity import Variant
from movierec.models.recommenders import Recommenders
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
        partition.read(spark, SPLIT_RATINGS.at(split=split), SPLIT_RATINGS.schema)
        for split in ("train", "validation")
    )
    relevant = relevant_movies(heldout, relevant_rating=config.relevant_rating)
    with tempfile.TemporaryDirectory(prefix="bench-evaluation-") as place:
        recommenders = Recommenders(train=train, heldout=heldout, config=setting.config)
        by_count = recommenders.popularity_factors(Variant(kind="count"))
        recommenders.lists(by_count).write.parquet(f"file:{place}/lists")
        recommenders.close()
        lists = spark.read.parquet(f"file:{place}/lists")

        def write(frame: DataFrame, dataset: Dataset) -> DataFrame:
            path = f"file:{place}/{dataset.at(model='popularity', split='validation')}"
            conform(frame, dataset.schema).write.mode("overwrite").parquet(path)
            return spark.read.schema(dataset.schema).parquet(path)

        def ours() -> dict[str, float]:
            return collect_model_metrics(lists, relevant=relevant, k=config.k, write=write).means

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
    recommended = lists.groupBy(USER_ID).agg(F.collect_list(F.struct(RANK, MOVIE_ID)).alias("list"))
    truth = relevant.groupBy(USER_ID).agg(F.collect_set(MOVIE_ID).alias("truth"))

    def pair(row: Any) -> tuple[list[int], list[int]]:
        return [movie for _, movie in sorted(row["list"] or [])], list(row.truth)

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


if __name__ == "__main__":
    sys.exit(harness.main("evaluation", run, table))
