"""The top-k of Spark itself and of implicit, for comparison."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from movierec.data.columns import FACTORS, MOVIE_ID, USER_ID
from scripts.bench import harness
from scripts.bench.harness import Findings, Setting, timed


def spark_lists(
    setting: Setting, train: DataFrame, paths: dict[str, str], place: str, n_users: int
) -> Findings:
    """Return the seconds of Spark's own top-k, on samples of the users and scaled to all."""
    k, spark, arguments = setting.config.evaluation.k, train.sparkSession, setting.arguments
    model = _model(paths, place, spark, rank=arguments.rank)

    def sample(size: int) -> DataFrame:
        users = spark.read.parquet(paths["users"]).select(USER_ID)
        return users.orderBy(F.xxhash64(USER_ID), USER_ID).limit(size).persist()

    def listed(users: DataFrame, n: int) -> DataFrame:
        made = model.recommendForUserSubset(users, n)
        return made.select(USER_ID, F.posexplode("recommendations").alias("rank", "r")).select(
            USER_ID, F.col(f"r.{MOVIE_ID}").alias(MOVIE_ID), "r.rating", "rank"
        )

    def write(lists: DataFrame, name: str) -> None:
        lists.write.mode("overwrite").parquet(f"file:{place}/{name}")

    some = sample(min(n_users, arguments.spark_users))
    size = some.count()
    seconds, _ = timed(
        lambda: write(listed(some, k), "spark"), 1 if size > 1_000 else arguments.repetitions
    )
    harness.say("topk", f"recommendForUserSubset {seconds:.2f} s for {size} users")
    few = sample(min(n_users, arguments.anti_join_users))
    few_size = few.count()
    seen = train.join(F.broadcast(few), on=USER_ID, how="left_semi").select(USER_ID, MOVIE_ID)
    most = seen.groupBy(USER_ID).count().agg(F.max("count")).first()
    assert most is not None
    n = k + int(most[0])
    keys = [USER_ID, MOVIE_ID]
    anti_s, _ = timed(lambda: write(listed(few, n).join(seen, on=keys, how="left_anti"), "anti"), 1)
    harness.say("topk", f"k + seen = {n} and anti-join: {anti_s:.2f} s for {few_size} users")
    return {
        "spark_users": size,
        "spark_sample_s": round(seconds, 2),
        "spark_s": round(seconds * n_users / size, 1),
        "spark_anti_join_users": few_size,
        "spark_anti_join_sample_s": round(anti_s, 2),
        "spark_anti_join_s": round(anti_s * n_users / few_size, 1),
    }


def _model(paths: dict[str, str], place: str, spark: SparkSession, *, rank: int) -> ALSModel:
    """Return a model of Spark's with our factors, by files: Spark has no constructor for it."""
    tiny = spark.createDataFrame([(1, 1, 1.0)], f"{USER_ID} int, {MOVIE_ID} int, rating double")
    als = ALS(rank=rank, maxIter=1, userCol=USER_ID, itemCol=MOVIE_ID, ratingCol="rating")
    path = f"file:{place}/model"
    als.fit(tiny).write().save(path)
    for name, key in (("userFactors", "users"), ("itemFactors", "movies")):
        ids = USER_ID if key == "users" else MOVIE_ID
        factors = spark.read.parquet(paths[key])
        factors.select(F.col(ids).alias("id"), F.col(FACTORS).alias("features")).write.mode(
            "overwrite"
        ).parquet(f"{path}/{name}")
    return ALSModel.load(path)


def implicit_lists(train: str, paths: dict[str, str], place: str, *, k: int) -> float:
    """Make the lists with implicit, from Parquet to Parquet; return the seconds of `recommend`."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    def factors(name: str, key: str) -> tuple[Any, Any]:
        table = pq.read_table(paths[name].removeprefix("file:"))
        flat = table[FACTORS].combine_chunks().flatten().to_numpy()
        return table[key].to_numpy(), flat.reshape(table.num_rows, -1)

    user_ids, user_factors = factors("users", USER_ID)
    movie_ids, movie_factors = factors("movies", MOVIE_ID)
    seen = pq.read_table(train, columns=[USER_ID, MOVIE_ID])
    user_of, movie_of = np.argsort(user_ids), np.argsort(movie_ids)
    rows = user_of[np.searchsorted(user_ids, seen[USER_ID].to_numpy(), sorter=user_of)]
    columns = movie_of[np.searchsorted(movie_ids, seen[MOVIE_ID].to_numpy(), sorter=movie_of)]
    matrix = csr_matrix(
        (np.ones(len(rows), np.float32), (rows, columns)), shape=(len(user_ids), len(movie_ids))
    )
    model = AlternatingLeastSquares(factors=user_factors.shape[1])
    model.user_factors, model.item_factors = user_factors, movie_factors
    everyone = np.arange(len(user_ids))
    recommend = partial(model.recommend, everyone, matrix, N=k, filter_already_liked_items=True)
    # implicit has threads of its own, and its documentation asks for a single-threaded BLAS
    with threadpool_limits(1, "blas"):
        recommend_s, (ids, scores) = timed(recommend, 1)
    lists = pa.table(
        {
            USER_ID: np.repeat(user_ids, k),
            MOVIE_ID: movie_ids[ids.ravel()],
            "score": scores.ravel(),
            "rank": np.tile(np.arange(1, k + 1, dtype=np.int32), len(user_ids)),
        }
    )
    Path(f"{place}/implicit").mkdir(exist_ok=True)
    pq.write_table(lists, f"{place}/implicit/lists.parquet")
    return recommend_s
