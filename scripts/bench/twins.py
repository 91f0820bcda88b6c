"""Time the search for twins against Spark's approxSimilarityJoin, at growing numbers of users.

On ratings that the conf's `ingest` has left. Both start from the same Parquet of ratings of the
same users, drawn at random among those with `twins.min_movies` movies, and end with the most alike
pairs on the driver. approxSimilarityJoin grows with the square of the users: a size at which its
last time foretells more than --limit seconds is left out, and said so.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.ml.feature import HashingTF, MinHashLSH
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec import schemas, stages
from movierec.columns import MOVIE_ID, MOVIES, USER_ID
from movierec.config_twins import TwinsConfig
from movierec.execution import Execution
from movierec.job import job_parser, read_config, run_guarded
from movierec.movie_sets import movie_sets
from movierec.session import Session, size_shuffles
from movierec.twin_search import find_exactly, find_twins
from movierec.twins import Top

Pairs = set[tuple[int, int]]
LSH_TABLES = 5
_PLACES = 1 << 20


def main(argv: Sequence[str] | None = None) -> int:
    parser = job_parser("bench_twins")
    parser.add_argument("--users", type=int, nargs="+", default=[5_000, 20_000, 80_000])
    parser.add_argument("--repetitions", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    arguments = parser.parse_args(argv)
    session = Session("movierec bench twins")

    def body() -> None:
        execution = Execution(read_config(arguments.config, arguments.set, session), session)
        if arguments.check_config:
            return
        result = execution.require(stages.INGEST)
        spark = session()
        size_shuffles(spark, rows=result.manifest.rows["ratings"])
        ratings = result.read(spark, "ratings", schemas.RATINGS)
        found = bench(ratings, execution.config.twins, arguments)
        arguments.out.mkdir(parents=True, exist_ok=True)
        path = arguments.out / "twins.json"
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        print(table(found))
        print(json.dumps({"job": "bench_twins", "output": str(path)}))

    return run_guarded("bench_twins", body, session)


def bench(ratings: DataFrame, config: TwinsConfig, arguments: Any) -> list[dict[str, Any]]:
    """Return what each number of users cost, the least first."""
    found: list[dict[str, Any]] = []
    for n_users in sorted(arguments.users):
        with tempfile.TemporaryDirectory() as place:
            sample = sampled(ratings, n_users, config=config, place=place)
            size_shuffles(sample.sparkSession, rows=sample.count())
            one, top = ours(sample, config, place=place, repetitions=arguments.repetitions)
            one = {"users": n_users, **one}
            if found:
                one["growth_exponent"] = exponent(found[-1], one)
            foretold = foretold_lsh_join(found, n_users)
            if foretold > arguments.limit:
                one["lsh_join_foretold_s"] = round(foretold)
            else:
                seconds, theirs = timed(partial(lsh_join, sample, top, config=config), 1)
                one |= {
                    "lsh_join_s": seconds,
                    "vs_lsh_join": round(seconds / one["ours_s"], 2),
                    "lsh_join_recall": len(theirs & pairs_of(top)) / max(1, len(top.pairs)),
                }
        print(f"bench_twins: {json.dumps(one)}", file=sys.stderr, flush=True)
        found.append(one)
    return found


def foretold_lsh_join(found: list[dict[str, Any]], n_users: int) -> float:
    """Return the seconds that the last time measured foretells; 0 where there is none."""
    measured = [one for one in found if "lsh_join_s" in one]
    if not measured:
        return 0.0
    return float(measured[-1]["lsh_join_s"] * (n_users / measured[-1]["users"]) ** 2)


def sampled(ratings: DataFrame, n_users: int, *, config: TwinsConfig, place: str) -> DataFrame:
    """Return the ratings of so many eligible users as Parquet. Raises ValueError for too few."""
    active = ratings.groupBy(USER_ID).count().where(F.col("count") >= config.min_movies)
    users = active.orderBy(F.xxhash64(F.lit(config.seed), USER_ID), USER_ID).limit(n_users)
    kept = ratings.join(users, on=USER_ID, how="left_semi")
    kept.write.parquet(f"file:{place}/ratings")
    sample = ratings.sparkSession.read.schema(schemas.RATINGS).parquet(f"file:{place}/ratings")
    if sample.select(USER_ID).distinct().count() < n_users:
        raise ValueError(f"there are fewer than {n_users} users with {config.min_movies} movies")
    return sample


def ours(
    sample: DataFrame, config: TwinsConfig, *, place: str, repetitions: int
) -> tuple[dict[str, Any], Top]:
    """Return the median seconds of the LSH search and of the exact proof, and the true twins."""

    def search() -> tuple[Top, list[dict[str, Any]]]:
        path = f"file:{place}/sets"
        made = movie_sets(sample, min_movies=config.min_movies, keep_users=config.pairs + 1)
        made.write.mode("overwrite").parquet(path)
        return find_twins(sample.sparkSession.read.parquet(path), config)

    seconds, (found, rounds) = timed(search, repetitions)
    sets = sample.sparkSession.read.parquet(f"file:{place}/sets")
    proof, true = timed(partial(find_exactly, sets, config, known=found), repetitions)
    recall = len(pairs_of(found) & pairs_of(true)) / max(1, len(true.pairs))
    return {
        "ours_s": seconds,
        "proof_s": proof,
        "recall": recall,
        "threshold": found.threshold,
        "min_jaccard": min((pair.jaccard for pair in true.pairs), default=None),
        "rounds": rounds,
    }, true


def lsh_join(sample: DataFrame, top: Top, *, config: TwinsConfig) -> Pairs:
    """Return the most alike pairs by Spark's own join, no less alike than the search went."""
    sets = (
        sample.groupBy(USER_ID)
        .agg(F.collect_list(MOVIE_ID).alias(MOVIES))
        .where(F.size(MOVIES) >= config.min_movies)
    )
    vectors = HashingTF(inputCol=MOVIES, outputCol="features", numFeatures=_PLACES, binary=True)
    frame = vectors.transform(sets).select(USER_ID, "features").persist()
    lsh = MinHashLSH(
        inputCol="features", outputCol="hashes", numHashTables=LSH_TABLES, seed=config.lsh.seed
    )
    a, b = F.col(f"datasetA.{USER_ID}"), F.col(f"datasetB.{USER_ID}")
    rows = (
        lsh.fit(frame)
        .approxSimilarityJoin(frame, frame, 1.0 - top.threshold, distCol="distance")
        .where(a < b)
        .orderBy("distance", a, b)
        .limit(config.pairs)
        .select(a.alias("a"), b.alias("b"))
        .collect()
    )
    frame.unpersist()
    return {(row["a"], row["b"]) for row in rows}


def timed(call: Callable[[], Any], repetitions: int) -> tuple[float, Any]:
    """Return the median seconds of the calls and what the last returned."""
    seconds, found = [], None
    for _ in range(repetitions):
        started = time.monotonic()
        found = call()
        seconds.append(time.monotonic() - started)
    return round(statistics.median(seconds), 2), found


def pairs_of(top: Top) -> Pairs:
    return {(pair.user_a, pair.user_b) for pair in top.pairs}


def exponent(before: dict[str, Any], after: dict[str, Any]) -> float:
    """Return how our seconds grow: with the users to this power."""
    growth = math.log(after["ours_s"] / before["ours_s"])
    return round(growth / math.log(after["users"] / before["users"]), 2)


def table(found: list[dict[str, Any]]) -> str:
    """Return a line for each number of users."""
    lines = [
        f"{'users':>8}{'search s':>10}{'recall':>8}{'proof s':>9}{'Jaccard':>9}{'exponent':>10}"
        f"{'approxSimilarityJoin':>22}{'ratio':>8}{'recall':>8}"
    ]
    for one in found:
        theirs = (
            f"{one['lsh_join_s']:20.1f} s{one['vs_lsh_join']:8.1f}{one['lsh_join_recall']:8.2f}"
            if "lsh_join_s" in one
            else f"{'about ' + str(one['lsh_join_foretold_s']):>20} s, not run"
        )
        lines.append(
            f"{one['users']:8}{one['ours_s']:10.1f}{one['recall']:8.2f}{one['proof_s']:9.1f}"
            f"{one['min_jaccard'] or 0:9.3f}{one.get('growth_exponent', ''):>10}{theirs}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
