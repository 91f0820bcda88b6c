"""Time the exact top-k of all unseen movies against what a user would pick instead.

All start from the train split's Parquet and one pair of factor sets, and end with the lists as
Parquet. Ours and implicit's leave out what a user has seen; Spark's own recommendForUserSubset
cannot, so it is also timed as its documentation's readers use it: ask for k + the most that any of
the users has seen, then anti-join. Spark's take a sample of the users, and `spark_s` is scaled to
all of them: its cost goes with the users.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession

from movierec.data import schemas
from movierec.data.columns import MOVIE_ID, USER_ID
from movierec.models import names as models
from movierec.models.als import Factors, als_input, arranged, factors_of, fit_als
from movierec.pipeline import dag
from movierec.ranking.catalogue import collect_catalogue
from movierec.ranking.recommend import movie_lists, recommend
from movierec.ranking.topk import unseen_top_k
from movierec.spark.session import size_shuffles
from movierec.tuning.search import implicit_grid
from scripts.bench import harness
from scripts.bench.harness import Findings, Setting, ratio, shown, timed
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
        train = partition.read(spark, "train", schemas.RATINGS)
        paths = _write_factors(_fitted(setting, train), place)
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
        train_files = f"{partition.path}/train".removeprefix("file://")
        peer, found = timed(
            functools.partial(implicit_lists, train_files, paths, place, k=k), repetitions
        )
        harness.say("topk", f"implicit {peer:.2f} s, {found['recommend_s']:.2f} s of it recommend")
        return {
            "users": n_users,
            "movies": n_movies,
            "rank": setting.arguments.rank,
            "k": k,
            "rows": rows,
            "ours_s": round(ours_s, 2),
            **theirs,
            "implicit_s": round(peer, 2),
            "implicit_recommend_s": round(found["recommend_s"], 2),
            "vs_spark": ratio(theirs["spark_s"], ours_s),
            "vs_implicit": ratio(peer, ours_s),
            "vs_implicit_recommend": ratio(found["recommend_s"], ours_s),
            "same_lists_as_implicit": _agreement(spark, place),
        }


def _fitted(setting: Setting, train: DataFrame) -> Factors:
    """Return the tuned winner's factors where there are such of the rank asked for.

    Else those of the middle of the implicit grid, fitted now.
    """
    config, rank = setting.config, setting.arguments.rank
    tuned = setting.execution.find(dag.TUNE)
    if tuned is not None and tuned.manifest.facts["winners"][models.ALS]["factor_rank"] == rank:
        spark = train.sparkSession
        path = f"factors/{models.ALS}"
        return Factors(
            users=tuned.read(spark, f"{path}/users", schemas.USER_FACTORS),
            movies=tuned.read(spark, f"{path}/movies", schemas.MOVIE_FACTORS),
        )
    harness.say("topk", f"fitting factors of rank {rank}")
    grid = implicit_grid(config.tuning)
    params = replace(grid[len(grid) // 2], rank=rank)
    values = als_input(
        train,
        feedback=params.feedback,
        relevant_rating=config.evaluation.relevant_rating,
        pivot=config.tuning.pivot,
    ).transform(arranged, config=config.als)
    return factors_of(fit_als(values, params=params, config=config.als))


def _write_factors(factors: Factors, place: str) -> dict[str, str]:
    paths = {"users": f"file:{place}/users", "movies": f"file:{place}/movies"}
    factors.users.write.parquet(paths["users"])
    factors.movies.write.parquet(paths["movies"])
    return paths


def _agreement(spark: SparkSession, place: str) -> float:
    """Return the share of our rows that implicit has too; it rounds to single precision."""
    ours, theirs = (
        spark.read.parquet(f"file:{place}/{name}").select(USER_ID, MOVIE_ID)
        for name in ("ours", "implicit")
    )
    both: int = ours.join(theirs, on=[USER_ID, MOVIE_ID], how="left_semi").count()
    return round(both / max(1, ours.count()), 6)


def table(found: Findings) -> str:
    lines = [
        ("exact, ours", found["ours_s"], 1.0),
        ("implicit, Parquet to Parquet", found["implicit_s"], found["vs_implicit"]),
        (
            "implicit, recommend alone",
            found["implicit_recommend_s"],
            found["vs_implicit_recommend"],
        ),
        (
            f"recommendForUserSubset, from {found['spark_users']} users, seen inside",
            found["spark_s"],
            found["vs_spark"],
        ),
        (
            f"k + seen and anti-join, from {found['spark_anti_join_users']} users",
            found["spark_anti_join_s"],
            ratio(found["spark_anti_join_s"], found["ours_s"]),
        ),
    ]
    return "\n".join(
        f"{name:<55}{seconds:12.1f} s{shown(times, 1):>10} ×" for name, seconds, times in lines
    )


def main(argv: list[str] | None = None) -> int:
    return harness.main("topk", run, table, options=options, argv=argv)


if __name__ == "__main__":
    sys.exit(main())
