"""The job fold_in: lists for users whose ratings came after `deliver`, without a refit.

It is no stage: its input is a file of ratings, its output goes where one wants it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from movierec.config.schema import Config
from movierec.config.uris import resolve_uri
from movierec.data import datasets
from movierec.data.columns import FACTORS, MOVIE_ID, RATING, SEGMENT, USER_ID
from movierec.data.schemas import RECOMMENDATIONS, conform
from movierec.errors import ConfigError, InputError
from movierec.models.als import AlsParams, factors_of, load_model
from movierec.models.ease import EaseParams
from movierec.models.ease_lists import rated_movies, read_ease, recommend_by_ease, share
from movierec.models.names import ALS, EASE
from movierec.models.new_users import fold_in_users
from movierec.pipeline import dag
from movierec.pipeline.cli import add_force, print_summary, run_job
from movierec.pipeline.execution import Execution
from movierec.pipeline.workspace import Result
from movierec.ranking.catalogue import collect_catalogue
from movierec.ranking.recommend import movie_lists, recommend
from movierec.ranking.topk import unseen_top_k
from movierec.segments.members import assign_users
from movierec.segments.population import collect_factors
from movierec.spark.java_errors import call_java
from movierec.spark.session import size_shuffles
from movierec.tuning.search import Trial

JOB: Final = "fold_in"
_FACTORS, _LISTS, _SEGMENTS = _PARTS = ("factors", "recommendations", "segments")
_ROW: Final = "row"
_HEADER: Final = {"userId": USER_ID, "movieId": MOVIE_ID, "rating": RATING}


def main(argv: Sequence[str] | None = None) -> int:
    """Write recommendations/ and segments/ of new users below a URI, and factors/ if ALS made them.

    Without a result of the stage segments there are no segments. If one of the parts cannot be
    written, all are deleted. Returns the exit code.
    """

    def extend(parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--ratings",
            metavar="URI",
            required=True,
            help="CSV: userId,movieId,rating; all of a user",
        )
        parser.add_argument("--to", metavar="URI", required=True, help="a directory, made new")
        add_force(parser)

    return run_job(JOB, _fold_in, argv, extend=extend)


def _fold_in(execution: Execution, arguments: argparse.Namespace) -> None:
    config, files = execution.config, execution.files
    to = resolve_uri(arguments.to, key="--to")
    if files.exists(to) and not arguments.force:
        raise ConfigError([f"--to {to}: it is there already: give another, or --force"])
    delivered, ingested = execution.require(dag.DELIVER), execution.require(dag.INGEST)
    spark = execution.session()
    catalogue = ingested.read(spark, datasets.MOVIES.path, datasets.MOVIES.schema)
    ratings = read_ratings(spark, arguments.ratings).persist()
    size_shuffles(spark, rows=ratings.count())
    for name in _PARTS:
        files.delete(f"{to}/{name}")
    make_lists = {ALS: _lists_of_als, EASE: _lists_of_ease}[delivered.manifest.facts["model"]]
    try:
        lists = make_lists(delivered, ratings, catalogue, to=to, config=config)
        _write(conform(lists, RECOMMENDATIONS), f"{to}/{_LISTS}")
        n_known = spark.read.parquet(f"{to}/{_LISTS}").select(USER_ID).distinct().count()
        _write_segments(execution, ratings, to=to)
    except BaseException:
        for name in _PARTS:
            files.delete(f"{to}/{name}")
        files.delete_if_empty(to)
        raise
    n_users = ratings.select(USER_ID).distinct().count()
    print_summary(JOB, {"output": to, "users": n_users, "users_without_list": n_users - n_known})


def _lists_of_als(
    delivered: Result, ratings: DataFrame, catalogue: DataFrame, *, to: str, config: Config
) -> DataFrame:
    """Write the factors of the users of the ratings, and return their lists."""
    spark = ratings.sparkSession
    movies = factors_of(load_model(spark, delivered.directory(dag.ALS_MODEL))).movies
    params = AlsParams(**delivered.manifest.facts["params"])
    users = fold_in_users(ratings, movie_factors=movies, params=params, config=config)
    _write(users, f"{to}/{_FACTORS}")
    # all factors of a user who likes nothing are 0, and so is every score
    known = spark.read.parquet(f"{to}/{_FACTORS}").where(F.exists(FACTORS, lambda one: one != 0))
    listed = movies.join(catalogue, on=MOVIE_ID, how="left_semi")
    return recommend(
        known,
        catalogue=spark.sparkContext.broadcast(collect_catalogue(listed, known)),
        movies=movie_lists(ratings),
        kernel=partial(unseen_top_k, k=config.evaluation.k),
    )


def _lists_of_ease(
    delivered: Result, ratings: DataFrame, catalogue: DataFrame, *, to: str, config: Config
) -> DataFrame:
    """Return the lists of the users of the ratings.

    The saved model does not hold the order of the movies outside it, so they are in no list: one is
    shorter than k for a user who has rated all but a few of the movies inside.
    """
    spark, saved = ratings.sparkSession, datasets.EASE_WEIGHTS
    params = EaseParams(**delivered.manifest.facts["params"])
    ease = read_ease(delivered.read(spark, saved.path, saved.schema), params)
    relevant_rating = config.evaluation.relevant_rating
    shared = share(spark, ease, relevant_rating=relevant_rating, listed=catalogue)
    return rated_movies(ratings).transform(recommend_by_ease, shared=shared, k=config.evaluation.k)


def _write(frame: DataFrame, uri: str) -> None:
    call_java(f"--to {uri}", frame.write.mode("overwrite").parquet, uri)


def _write_segments(execution: Execution, ratings: DataFrame, *, to: str) -> None:
    """Write the segment of each user, if there are segments.

    The users are folded into the fit that the segments are of, which is not the delivered one: the
    factors of two fits have different directions.
    """
    segments = execution.find(dag.SEGMENTS)
    if segments is None:
        return
    spark, tuned = execution.session(), execution.require(dag.TUNE)
    where, centres = datasets.TUNED_MOVIE_FACTORS, datasets.SEGMENT_CENTRES
    movies = tuned.read(spark, where.at(model=ALS), where.schema)
    _, towards = collect_factors(segments.read(spark, centres.path, centres.schema), key=SEGMENT)
    params = Trial.params_of(tuned.manifest.facts["winners"][ALS])
    users = fold_in_users(ratings, movie_factors=movies, params=params, config=execution.config)
    everybody = ratings.select(USER_ID).distinct()
    rows = everybody.join(assign_users(users, towards=towards), on=USER_ID, how="left")
    _write(rows, f"{to}/{_SEGMENTS}")


def read_ratings(spark: SparkSession, path: str) -> DataFrame:
    """Return user_id, movie_id and rating of a CSV file with the header of MovieLens's ratings.csv.

    Raises InputError for a file that is not there, a missing column, a value out of range, and a
    movie that a user rates twice.
    """
    uri = resolve_uri(path, key="--ratings")
    given = call_java(f"--ratings {path}", spark.read.option("header", True).csv, uri)
    if missing := [name for name in _HEADER if name not in given.columns]:
        raise InputError(
            f"{path}: the columns {', '.join(_HEADER)} were expected; "
            f"{', '.join(missing)} is missing"
        )
    kinds = ("int", "int", "float")
    casts = [
        F.expr(f"try_cast(`{theirs}` AS {kind})").alias(ours)
        for (theirs, ours), kind in zip(_HEADER.items(), kinds, strict=True)
    ]
    ratings: DataFrame = given.select(*casts)
    right = F.col(USER_ID).isNotNull() & F.col(MOVIE_ID).isNotNull() & F.col(RATING).between(0.5, 5)
    row = F.concat_ws(",", *_HEADER).alias(_ROW)
    bad = given.select(row, *casts).where(~F.coalesce(right, F.lit(False))).first()
    if bad is not None:
        expected = "whole ids and 0.5 to 5 stars were expected"
        raise InputError(f"{path}: {bad[_ROW]} is no rating: {expected}")
    twice = ratings.groupBy(USER_ID, MOVIE_ID).count().where("count > 1").first()
    if twice is not None:
        raise InputError(f"{path}: user {twice[0]} rates movie {twice[1]} {twice[2]} times")
    if ratings.isEmpty():
        raise InputError(f"{path}: it holds no rating")
    return ratings
