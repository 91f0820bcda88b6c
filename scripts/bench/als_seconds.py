"""Print, as JSON, the seconds that one iteration of Spark's ALS takes in this interpreter.

For `als.py`, which runs it once for each Spark and BLAS. An iteration's seconds are the slope
between two fits with different numbers of iterations, so that blocking the ratings, which a fit
does once, does not count. `--plain` leaves Spark as it comes: its own collector, and the rows in
the order of the files.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace

import pyspark

from movierec.data import schemas
from movierec.models.als import AlsParams, als_input, arranged, fit_als
from movierec.pipeline.cli import job_parser, read_config
from movierec.spark import blas
from movierec.spark.session import Session, size_shuffles
from scripts.bench.harness import timed

FEW, MORE = 1, 3


def main(argv: Sequence[str] | None = None) -> int:
    parser = job_parser("als_seconds")
    parser.add_argument("--ratings", required=True, help="the Parquet of a split")
    parser.add_argument("--ranks", type=int, nargs="+", required=True)
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="Spark as it comes")
    arguments = parser.parse_args(argv)
    overrides = _plain() if arguments.plain else None
    session = Session("movierec bench als", overrides=overrides, verbose=arguments.verbose)
    try:
        print(json.dumps(measured(session, arguments)))
    finally:
        session.stop()
    return 0


def measured(session: Session, arguments: argparse.Namespace) -> dict[str, object]:
    config = read_config(arguments.config, arguments.set, session)
    spark = session()
    ratings = spark.read.schema(schemas.RATINGS).parquet(arguments.ratings)
    size_shuffles(spark, rows=ratings.count())
    values = als_input(
        ratings,
        feedback="signed",
        relevant_rating=config.evaluation.relevant_rating,
        pivot=config.tuning.pivot,
    )
    if not arguments.plain:
        values = values.transform(arranged, config=config.als)
    values.persist().count()

    def seconds(rank: int, iterations: int) -> float:
        params = AlsParams(rank=rank, reg_param=0.1, alpha=4.0, feedback="signed")
        als = replace(config.als, max_iter=iterations)
        return timed(lambda: fit_als(values, params=params, config=als), 1)[0]

    seconds(min(arguments.ranks), FEW)
    an_iteration = {
        str(rank): statistics.median(
            (seconds(rank, MORE) - seconds(rank, FEW)) / (MORE - FEW)
            for _ in range(arguments.repetitions)
        )
        for rank in arguments.ranks
    }
    return {
        "spark": pyspark.__version__,
        "native": blas.library_in_use(spark) is not None,
        "seconds": an_iteration,
    }


def _plain() -> dict[str, str]:
    """Return the overrides that take the suite's collector back, and leave its choice of BLAS."""
    library = blas.find_library()
    return {"spark.driver.extraJavaOptions": blas.java_options(library) if library else ""}


if __name__ == "__main__":
    sys.exit(main())
