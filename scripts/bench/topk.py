"""Time the exact top-k of all unseen movies against implicit and Spark's own top-k.

All start from the train split's Parquet and the same factors, and end with the lists as Parquet.
Ours and implicit's exclude seen movies. Spark's recommendForUserSubset cannot, so it is also timed
with the usual workaround: ask for k + n movies, where n is the most that any of the users has seen,
then anti-join. Spark's are timed on a sample of the users and scaled to all users: the cost is
proportional to their number.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession

from movierec.data.columns import MOVIE_ID, USER_ID
from movierec.data.datasets import SPLIT_RATINGS, TUNED_MOVIE_FACTORS, TUNED_USER_FACTORS
from movierec.models import names as models
from movierec.models.als import Factors, with_block_counts
from movierec.models.als_engines import fit_factors
from movierec.pipeline import dag
from movierec.ranking.catalogue import collect_catalogue
from movierec.ranking.recommend import movie_lists, recommend
from movierec.ranking.topk import unseen_top_k
from movierec.spark.session import size_shuffles
from movierec.tuning.search import implicit_grid
from scripts.bench import harness
from scripts.bench.harness import Findings, Setting, columns, ratio, shown, timed
from scripts.bench.topk_peers import implicit_lists, spark_lists


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rank", type=int, default=64, help="(default: %(default)s)")
    parser.add_argument(
        "--spark-users", type=int, default=20_000, help="of Spark's sample (default: %(default)s)"
    )
    parser.add_argument(
        "--anti-join-users", type=int, default=200, help="of k + seen (default: %(default)s)"
    )


def run(setting: Setting) -> Findings:
    execution = setting.results(dag.INGEST, dag.PARTITION)
    partition = execution.require(dag.PARTITION)
    spark = execution.session()
    size_shuffles(spark, rows=partition.manifest.rows["train"])
    k, repetitions = setting.config.evaluation.k, setting.arguments.repetitions
    with tempfile.TemporaryDirectory(prefix="bench-topk-") as place:
        train_path = SPLIT_RATINGS.at(split="train")
        train = partition.read(spark, train_path, SPLIT_RATINGS.schema)
        factors = _factors(setting, train)
        paths = {name: f"file:{place}/{name}" for name in ("users", "movies")}
        factors.users.write.parquet(paths["users"])
        factors.movies.write.parquet(paths["movies"])
        n_users = spark.read.parquet(paths["users"]).count()
        n_movies = spark.read.parquet(paths["movies"]).count()

        def ours() -> None:
            users, movies = (spark.read.parquet(paths[key]) for key in ("users", "movies"))
            catalogue = spark.sparkContext.broadcast(collect_catalogue(movies, users))
            lists = recommend(
                users,
                catalogue=catalogue,
                movies=movie_lists(train),
                kernel=functools.partial(unseen_top_k, k=k),
            )
            lists.write.mode("overwrite").parquet(f"file:{place}/ours")

        ours_s, _ = timed(ours, repetitions)
        rows = spark.read.parquet(f"file:{place}/ours").count()
        harness.say("topk", f"ours {ours_s:.2f} s for {n_users} users, {rows} rows")
        theirs = spark_lists(setting, train, paths, place, n_users)
        train_files = f"{partition.path}/{train_path}".removeprefix("file://")
        implicit_s, recommend_s = timed(
            functools.partial(implicit_lists, train_files, paths, place, k=k), repetitions
        )
        harness.say("topk", f"implicit {implicit_s:.2f} s, {recommend_s:.2f} s of it recommend")
        return {
            "users": n_users,
            "movies": n_movies,
            "rank": setting.arguments.rank,
            "k": k,
            "rows": rows,
            "ours_s": round(ours_s, 2),
            **theirs,
            "implicit_s": round(implicit_s, 2),
            "implicit_recommend_s": round(recommend_s, 2),
            "vs_spark": ratio(theirs["spark_s"], ours_s),
            "vs_implicit": ratio(implicit_s, ours_s),
            "vs_implicit_recommend": ratio(recommend_s, ours_s),
            "same_lists_as_implicit": _common_fraction(spark, place),
        }


def _factors(setting: Setting, train: DataFrame) -> Factors:
    """Return the tuned winner's factors if there are any and their rank is that of --rank.

    Else fit the middle of the implicit grid at that rank.
    """
    config, rank = setting.config, setting.arguments.rank
    tuned = setting.execution.find(dag.TUNE)
    if tuned is not None and tuned.manifest.facts["winners"][models.ALS]["factor_rank"] == rank:
        spark = train.sparkSession
        users, movies = (
            tuned.read(spark, dataset.at(model=models.ALS), dataset.schema)
            for dataset in (TUNED_USER_FACTORS, TUNED_MOVIE_FACTORS)
        )
        return Factors(users=users, movies=movies)
    harness.say("topk", f"fitting factors of rank {rank}")
    grid = implicit_grid(config.tuning)
    config = with_block_counts(config, n_ratings=train.count())
    return fit_factors(train, params=replace(grid[len(grid) // 2], rank=rank), config=config)


def _common_fraction(spark: SparkSession, place: str) -> float:
    """Return the fraction of our rows that implicit has too; it computes in single precision."""
    ours, theirs = (
        spark.read.parquet(f"file:{place}/{name}").select(USER_ID, MOVIE_ID)
        for name in ("ours", "implicit")
    )
    both: int = ours.join(theirs, on=[USER_ID, MOVIE_ID], how="left_semi").count()
    return round(both / max(1, ours.count()), 6)


def table(found: Findings) -> str:
    subset = f"recommendForUserSubset, from {found['spark_users']} users, seen included"
    anti = f"k + seen and anti-join, from {found['spark_anti_join_users']} users"
    times = {
        "exact, ours": found["ours_s"],
        "implicit, Parquet to Parquet": found["implicit_s"],
        "implicit, recommend only": found["implicit_recommend_s"],
        subset: found["spark_s"],
        anti: found["spark_anti_join_s"],
    }
    ours = found["ours_s"]
    return columns(
        [(name, f"{s:.1f} s", f"{shown(ratio(s, ours), 1)} ×") for name, s in times.items()]
    )


if __name__ == "__main__":
    sys.exit(harness.main("topk", run, table, options))
