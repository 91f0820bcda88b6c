"""Time an iteration of ALS: Spark's with and without native BLAS, the suite's and implicit's.

On the train split, at each rank. `plain` is Spark with its defaults; `stock` has the suite's
settings but no native BLAS; `native` has both; `blocks` is the suite's own engine. `--python` adds
the interpreter of another environment, such as one with Spark 3.5.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from movierec.data.columns import MOVIE_ID, RATING, USER_ID
from movierec.data.datasets import SPLIT_RATINGS
from movierec.pipeline import dag
from movierec.spark import blas as native_blas
from scripts.bench import harness
from scripts.bench.als_seconds import FEW, MORE
from scripts.bench.harness import Findings, Setting, columns, ratio, shown, timed

_VARIANTS = ("plain", "stock", "native", "blocks")
_RATIOS = (
    *(("native", "plain"), ("native", "stock"), ("implicit", "native")),
    *(("blocks", "native"), ("blocks", "implicit")),
)
ROOT = Path(__file__).resolve().parents[2]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ranks", type=int, nargs="+", default=[16, 64, 128], help="(default: 16 64 128)"
    )
    parser.add_argument(
        "--variants", nargs="+", choices=_VARIANTS, default=_VARIANTS, help="(default: all)"
    )
    parser.add_argument("--python", nargs="*", default=[], help="interpreters to measure too")


def run(setting: Setting) -> Findings:
    execution = setting.results(dag.INGEST, dag.PARTITION)
    partition = execution.require(dag.PARTITION)
    train = f"{partition.path}/{SPLIT_RATINGS.at(split='train')}"
    execution.session.stop()
    found: Findings = {"ratings": partition.manifest.rows["train"], "ranks": {}}
    ours = _spark(setting, train, sys.executable)
    library = native_blas.find_library()
    spark = next(iter(ours.values()))["spark"]
    found |= {"spark": spark, "library": library and library.name}
    implicit = _implicit(train.removeprefix("file://"), setting)
    for rank in map(str, setting.arguments.ranks):
        seconds = {name: one["seconds"][rank] for name, one in ours.items()}
        seconds["implicit"] = implicit[rank]
        if not ours.get("native", {}).get("native"):
            seconds.pop("native", None)
        found["ranks"][rank] = {
            **{f"{name}_s": round(one, 2) for name, one in seconds.items()},
            **{
                f"{one}_vs_{other}": ratio(seconds[other], seconds[one])
                for one, other in _RATIOS
                if one in seconds and other in seconds
            },
        }
    found["others"] = [_spark(setting, train, python) for python in setting.arguments.python]
    return found


def _spark(setting: Setting, train: str, python: str) -> dict[str, Any]:
    """Return what `als_seconds` finds with an interpreter, for each variant of Spark."""
    wanted = setting.arguments.variants
    return {name: _seconds(setting, train, python, name) for name in wanted}


def _seconds(setting: Setting, train: str, python: str, variant: str) -> dict[str, Any]:
    arguments = setting.arguments
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYSPARK_PYTHON": python}
    if variant in ("plain", "stock"):
        environment[native_blas.LIBRARY_VARIABLE] = "off"
    command = [python, "-m", "scripts.bench.als_seconds", *harness.config_options(arguments)]
    command += ["--ratings", train, "--repetitions", str(arguments.repetitions), "--ranks"]
    command += [*map(str, arguments.ranks), *[f"--{variant}"] * (variant in ("plain", "blocks"))]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    harness.say("als", json.dumps(found))
    return found


def _implicit(train: str, setting: Setting) -> dict[str, float]:
    """Return seconds per iteration of implicit, by rank: slopes, which noise can make negative."""
    import pyarrow.parquet as pq
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    rows = pq.read_table(train, columns=[USER_ID, MOVIE_ID, RATING])
    _, users = np.unique(rows[USER_ID].to_numpy(), return_inverse=True)
    _, movies = np.unique(rows[MOVIE_ID].to_numpy(), return_inverse=True)
    matrix = csr_matrix((rows[RATING].to_numpy().astype(np.float32), (users, movies)))

    def seconds(rank: int, iterations: int) -> float:
        model = AlternatingLeastSquares(factors=rank, iterations=iterations, random_state=1)
        fit = partial(model.fit, matrix, show_progress=False)
        # its own threads share the work, and it asks that BLAS have none
        with threadpool_limits(1, "blas"):
            return timed(fit, setting.arguments.repetitions)[0]

    found = {}
    for rank in setting.arguments.ranks:
        slope = (seconds(rank, MORE) - seconds(rank, FEW)) / (MORE - FEW)
        found[str(rank)] = slope
        harness.say("als", f"implicit rank {rank}: {slope:.2f} s per iteration")
    return found


def table(found: Findings) -> str:
    names = ["plain_s", "stock_s", "native_s", "blocks_s", "implicit_s", "blocks_vs_native"]
    names += ["blocks_vs_implicit"]
    rows = [
        [rank, *(shown(one.get(name)) for name in names)] for rank, one in found["ranks"].items()
    ]
    return columns([["rank", *(name.replace("_", " ") for name in names)], *rows])


if __name__ == "__main__":
    sys.exit(harness.main("als", run, table, options))
