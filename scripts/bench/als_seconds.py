"""Print, as JSON, the seconds that one iteration of Spark's ALS takes in this interpreter.

`als.py` runs it once for each Spark and BLAS. The seconds of an iteration are the slope between two
fits with different numbers of iterations: a fit partitions the ratings into blocks once, and the
slope does not count that. `--plain` uses Spark's default garbage collector and the rows in the
order of the files; `--blocks` times the suite's own engine in place of Spark's ALS.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import pyspark
from pyspark.sql import DataFrame

from movierec.config.arguments import overrides_of
from movierec.config.schema import Config
from movierec.data.datasets import SPLIT_RATINGS
from movierec.models.als import AlsParams, als_input, als_values, fit_als, with_block_counts
from movierec.models.als_engines import BlockFits
from movierec.pipeline.cli import open_session, read_config, run_guarded
from movierec.spark import blas
from movierec.spark.session import Session, size_shuffles
from scripts.bench.harness import config_parser, timed

FEW, MORE = 1, 3


def main(argv: Sequence[str] | None = None) -> int:
    parser = config_parser("als_seconds")
    parser.add_argument("--ratings", required=True, help="the Parquet of a split")
    parser.add_argument("--ranks", type=int, nargs="+", required=True)
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="Spark with its defaults")
    parser.add_argument("--blocks", action="store_true", help="the engine blocks")
    arguments = parser.parse_args(argv)
    if arguments.plain:
        # without the suite's garbage collector; MOVIEREC_BLAS still chooses the library
        library = blas.find_library()
        java_options = blas.java_options(library) if library else ""
        arguments.spark_conf.append({"spark.driver.extraJavaOptions": java_options})

    def body(session: Session) -> None:
        config = read_config(arguments.config, overrides_of(arguments), session)
        print(json.dumps(measured(session, config, arguments)))

    return run_guarded("als_seconds", body, open_session("als_seconds", arguments))


def measured(session: Session, config: Config, arguments: argparse.Namespace) -> dict[str, object]:
    spark = session()
    ratings = spark.read.schema(SPLIT_RATINGS.schema).parquet(arguments.ratings)
    n_ratings = ratings.count()
    size_shuffles(spark, rows=n_ratings)
    config = with_block_counts(config, n_ratings=n_ratings)
    fit = _blocks(ratings, config) if arguments.blocks else _spark(ratings, config, arguments)

    def seconds(rank: int, iterations: int) -> float:
        params = AlsParams(rank=rank, reg_param=0.1, alpha=4.0, feedback="signed")
        return timed(lambda: fit(params, iterations), 1)[0]

    for iterations in (FEW, MORE):
        seconds(min(arguments.ranks), iterations)
    per_iteration = {}
    for rank in arguments.ranks:
        differences = (
            seconds(rank, MORE) - seconds(rank, FEW) for _ in range(arguments.repetitions)
        )
        per_iteration[str(rank)] = statistics.median(differences) / (MORE - FEW)
    native = blas.library_in_use(spark) is not None
    return {"spark": pyspark.__version__, "native": native, "seconds": per_iteration}


def _blocks(ratings: DataFrame, config: Config) -> Callable[[AlsParams, int], object]:
    own = {
        n: BlockFits(
            ratings, feedback="signed", config=replace(config, als=replace(config.als, max_iter=n))
        )
        for n in (FEW, MORE)
    }
    return lambda params, iterations: own[iterations].fit(params)


def _spark(
    ratings: DataFrame, config: Config, arguments: argparse.Namespace
) -> Callable[[AlsParams, int], object]:
    if arguments.plain:
        pivot, relevant_rating = config.tuning.pivot, config.evaluation.relevant_rating
        values = als_input(ratings, feedback="signed", relevant_rating=relevant_rating, pivot=pivot)
    else:
        values = als_values(ratings, feedback="signed", config=config)
    values.persist().count()
    return lambda params, iterations: fit_als(
        values, params=params, config=replace(config.als, max_iter=iterations)
    )


if __name__ == "__main__":
    sys.exit(main())
