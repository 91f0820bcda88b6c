"""Time the search for twins against approxSimilarityJoin and datasketch, at growing sizes.

All start from the same Parquet of ratings, of users drawn at random from those with at least
`twins.min_movies` movies, and end with the most similar pairs on the driver. The time of
approxSimilarityJoin grows with the square of the users, that of datasketch, a single process,
linearly: if a peer's last time gives an estimate above --limit seconds, it is not run, and the
table shows the estimate. Both get the threshold at which our search ended, which their users would
have to guess.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from typing import Any

import numpy as np
from pyspark.ml.feature import HashingTF, MinHashLSH
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.config.twins import TwinsConfig
from movierec.data.columns import MOVIE_ID, MOVIES, USER_ID
from movierec.data.datasets import RATINGS
from movierec.pipeline import dag
from movierec.spark.session import size_shuffles
from movierec.twins.movie_sets import movie_sets
from movierec.twins.search import find_exact_twins, find_twins
from movierec.twins.top_pairs import TopPairs
from scripts.bench import harness
from scripts.bench.harness import Findings, Setting, columns, exponent, ratio, shown, timed

Pairs = set[tuple[int, int]]
LSH_TABLES = 5
N_HASHED_FEATURES = 1 << 20
PERMUTATIONS = 128
"""datasketch's default."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--users", type=int, nargs="+", default=[5_000, 20_000, 80_000], help="5000 20000 80000"
    )
    parser.add_argument(
        "--limit", type=float, default=600.0, help="seconds for a peer (default: %(default)s)"
    )


def run(setting: Setting) -> Findings:
    execution = setting.results(dag.INGEST)
    result = execution.require(dag.INGEST)
    spark = execution.session()
    size_shuffles(spark, rows=result.manifest.rows["ratings"])
    ratings = result.read(spark, RATINGS.at(), RATINGS.schema)
    sizes: list[Findings] = []
    for n_users in sorted(setting.arguments.users):
        with tempfile.TemporaryDirectory(prefix="bench-twins-") as place:
            sizes.append(_size(setting, ratings, n_users, earlier=sizes, place=place))
        harness.say("twins", str(sizes[-1]))
    largest = max((one for one in sizes if "lsh_join_s" in one), key=lambda one: one["users"])
    return {
        **{key: largest.get(key) for key in ("users", "ours_s", "lsh_join_s", "datasketch_s")},
        "vs_lsh_join": largest["vs_lsh_join"],
        "sizes": sizes,
    }


def _size(
    setting: Setting, ratings: DataFrame, n_users: int, *, earlier: list[Findings], place: str
) -> Findings:
    """Return the findings for one number of users."""
    config, arguments = setting.config.twins, setting.arguments
    sample = _sampled(ratings, n_users, config=config, place=place)
    size_shuffles(sample.sparkSession, rows=sample.count())
    found, top = _ours(sample, config, place=place, repetitions=arguments.repetitions)
    found = {"users": n_users, **found}
    if earlier:
        before, after = ((one["users"], one["ours_s"]) for one in (earlier[-1], found))
        found["growth_exponent"] = exponent(before, after)
    peers = {"lsh_join": (_lsh_join, 2.0), "datasketch": (_datasketch, 1.0)}
    for name, (peer, growth) in peers.items():
        estimate = _estimate_seconds(name, earlier, n_users, growth)
        if estimate > arguments.limit:
            found[f"{name}_foretold_s"] = round(estimate)
            continue
        seconds, theirs = timed(partial(peer, sample, top, config=config), 1)
        found |= {
            f"{name}_s": round(seconds, 2),
            f"vs_{name}": ratio(seconds, found["ours_s"]),
            f"{name}_recall": len(theirs & _ids(top)) / max(1, len(top.pairs)),
        }
    return found


def _estimate_seconds(name: str, earlier: list[Findings], n_users: int, growth: float) -> float:
    """Return the seconds estimated from the last size that was measured; 0 if there is none."""
    measured = [one for one in earlier if f"{name}_s" in one]
    if not measured:
        return 0.0
    return float(measured[-1][f"{name}_s"] * (n_users / measured[-1]["users"]) ** growth)


def _sampled(ratings: DataFrame, n_users: int, *, config: TwinsConfig, place: str) -> DataFrame:
    """Return the ratings of `n_users` users with enough movies, read back from Parquet.

    Raises ValueError if there are fewer such users.
    """
    active = ratings.groupBy(USER_ID).count().where(F.col("count") >= config.min_movies)
    users = active.orderBy(F.xxhash64(F.lit(config.seed), USER_ID), USER_ID).limit(n_users)
    kept = ratings.join(users, on=USER_ID, how="left_semi")
    kept.write.parquet(f"file:{place}/ratings")
    sample = ratings.sparkSession.read.schema(RATINGS.schema).parquet(f"file:{place}/ratings")
    if sample.select(USER_ID).distinct().count() < n_users:
        raise ValueError(f"there are fewer than {n_users} users with {config.min_movies} movies")
    return sample


def _ours(
    sample: DataFrame, config: TwinsConfig, *, place: str, repetitions: int
) -> tuple[Findings, TopPairs]:
    """Return the median seconds of the LSH search and of the exact search, and the true twins."""

    def search() -> tuple[TopPairs, list[dict[str, Any]]]:
        path = f"file:{place}/sets"
        made = movie_sets(sample, min_movies=config.min_movies, keep_users=config.pairs + 1)
        made.write.mode("overwrite").parquet(path)
        return find_twins(sample.sparkSession.read.parquet(path), config)

    seconds, (found, rounds) = timed(search, repetitions)
    sets = sample.sparkSession.read.parquet(f"file:{place}/sets")
    proof, true = timed(partial(find_exact_twins, sets, config, known=found), repetitions)
    return {
        "ours_s": round(seconds, 2),
        "proof_s": round(proof, 2),
        "recall": len(_ids(found) & _ids(true)) / max(1, len(true.pairs)),
        "threshold": found.threshold,
        "min_jaccard": min((pair.jaccard for pair in true.pairs), default=None),
        "rounds": rounds,
    }, true


def _movies_by_user(sample: DataFrame, config: TwinsConfig) -> DataFrame:
    made = sample.groupBy(USER_ID).agg(F.collect_list(MOVIE_ID).alias(MOVIES))
    return made.where(F.size(MOVIES) >= config.min_movies)


def _lsh_join(sample: DataFrame, top: TopPairs, *, config: TwinsConfig) -> Pairs:
    """Return the most similar pairs by Spark's own join, down to the threshold of our search."""
    vectors = HashingTF(
        inputCol=MOVIES, outputCol="features", numFeatures=N_HASHED_FEATURES, binary=True
    )
    sets = _movies_by_user(sample, config)
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


def _datasketch(sample: DataFrame, top: TopPairs, *, config: TwinsConfig) -> Pairs:
    """Return the most similar pairs by datasketch's index, with its candidates counted exactly."""
    from datasketch import MinHash
    from datasketch import MinHashLSH as Index

    rows = _movies_by_user(sample, config).toPandas()
    sets = {
        int(user): np.unique(movies)
        for user, movies in zip(rows[USER_ID], rows[MOVIES], strict=True)
    }
    index = Index(threshold=top.threshold, num_perm=PERMUTATIONS)
    hashes = {}
    for user, movies in sets.items():
        hashes[user] = MinHash(num_perm=PERMUTATIONS, seed=config.lsh.seed)
        hashes[user].update_batch([movie.tobytes() for movie in movies])
        index.insert(user, hashes[user], check_duplication=False)
    found = []
    for user, hashed in hashes.items():
        for other in index.query(hashed):
            if other > user:
                common = len(np.intersect1d(sets[user], sets[other], assume_unique=True))
                union = len(sets[user]) + len(sets[other]) - common
                found.append((-common / union, -common, user, other))
    return {(a, b) for _, _, a, b in sorted(found)[: config.pairs]}


def _ids(top: TopPairs) -> Pairs:
    return {(pair.user_a, pair.user_b) for pair in top.pairs}


def table(found: Findings) -> str:
    rows = [["users", "search s", "recall", "proof s", "Jaccard", "exponent"]]
    rows[0] += ["approxSimilarityJoin", "datasketch"]
    for one in found["sizes"]:
        numbers = [f"{one['ours_s']:.1f}", f"{one['recall']:.2f}", f"{one['proof_s']:.1f}"]
        numbers += [f"{one['min_jaccard'] or 0:.3f}", one.get("growth_exponent", "")]
        rows.append([one["users"], *numbers, _peer(one, "lsh_join"), _peer(one, "datasketch")])
    return columns(rows)


def _peer(one: Findings, name: str) -> str:
    if f"{name}_s" not in one:
        return f"about {one[f'{name}_foretold_s']} s, not run"
    times = shown(one[f"vs_{name}"])
    return f"{one[f'{name}_s']:.0f} s, {times} ×, recall {one[f'{name}_recall']:.2f}"


if __name__ == "__main__":
    sys.exit(harness.main("twins", run, table, options))
