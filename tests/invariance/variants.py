"""Variants of a run that must not change its results, and the comparison of their results."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from movierec.pipeline import dag
from tests.support.comparison import CLOCKS, without_clocks, without_keys
from tests.support.confs import SHORT, SMALL, set_words
from tests.support.paths import ROOT

CHECKSUM = ("archive_sha256",)
"""The only finding that depends on the order of the archive's rows."""
VECTORS = {"spark.driver.extraJavaOptions": "--add-modules=jdk.incubator.vector -XX:+UseParallelGC"}
TOLERANCE = 1e-5
ROWS_PER_SWAP = 10_000


@dataclass(frozen=True)
class Variant:
    """How the pipeline is run."""

    name: str
    properties: dict[str, str] = field(default_factory=dict)
    shuffled: bool = False
    """Whether the archive's rows are in another order."""
    python: str = sys.executable
    exact: bool = True
    """If not, numbers may differ by TOLERANCE, and one row in ROWS_PER_SWAP by its rank."""


VARIANTS = (
    Variant("rows in another order", shuffled=True),
    Variant("one core", {"spark.master": "local[1]"}),
    Variant("no adaptive planning", {"spark.sql.adaptive.enabled": "false"}),
    Variant(
        "other partitions",
        {
            "spark.sql.shuffle.partitions": "7",
            "spark.default.parallelism": "5",
            "spark.sql.files.maxPartitionBytes": "300000",
        },
    ),
)
BASELINE = Variant("two cores", {"spark.master": "local[2]"})


def run(variant: Variant, archive: Path, place: Path) -> Path:
    """Run the short pipeline on the archive; return its workspace."""
    place.mkdir()
    if variant.shuffled:
        archive = shuffled(archive, place / archive.name)
    values = SHORT | {
        "source.archive": str(archive.resolve()),
        "source.sha256": None,
        "source.expected_ratings": None,
        "workspace": str(place / "workspace"),
    }
    command = [variant.python, str(ROOT / "jobs" / "run_all.py"), "--config", str(SMALL)]
    command += set_words(values)
    command += [f"--spark-conf={key}={text}" for key, text in variant.properties.items()]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PYSPARK_PYTHON": variant.python}
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"invariance: {variant.name}: {done.stderr[-2000:]}")
    return place / "workspace"


def shuffled(archive: Path, target: Path) -> Path:
    """Write the archive with the rows of every table in another order."""
    rng = random.Random(1)
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(".csv"):
                header, *rows = data.splitlines(keepends=True)
                rng.shuffle(rows)
                data = b"".join([header, *rows])
            new.writestr(name, data)
    return target


def equal(one: Any, other: Any) -> bool:
    """Tell whether two values are equal to the last digit."""
    return repr(one) == repr(other)


def about_equal(one: Any, other: Any) -> bool:
    """Tell whether two values are equal, their numbers within TOLERANCE."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(about_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(about_equal(one[key], other[key]) for key in one)
    return equal(one, other)


def find_differences(
    one: Path, other: Path, *, same: Callable[[Any, Any], bool] = equal
) -> Iterator[str]:
    """Yield the differences between two workspaces, a line each."""
    for stage in dag.PIPELINE:
        results = [published_result(workspace / stage.name) for workspace in (one, other)]
        datasets = json.loads((results[0].parent / "_manifest.json").read_text())["rows"]
        for dataset in datasets:
            mine, its = (rows(result / dataset) for result in results)
            n = sum(not same(a, b) for a, b in zip(mine, its, strict=False))
            allowed = 0 if same is equal else len(mine) // ROWS_PER_SWAP
            if len(mine) != len(its) or n > allowed:
                yield f"{stage.name}/{dataset}: {len(mine)} and {len(its)} rows, {n} of them differ"
        texts, others = map(texts_of, results)
        for name in sorted(texts.keys() | others.keys()):
            if not same(texts.get(name), others.get(name)):
                yield f"{stage.name}/{name}"


def published_result(stage: Path) -> Path:
    """Return the directory of a stage's only result."""
    (manifest,) = stage.glob("*/_manifest.json")
    return manifest.parent / json.loads(manifest.read_text())["attempt"]


def texts_of(result: Path) -> dict[str, Any]:
    """Return the content of a result's JSON and CSV files, by name."""
    return {
        path.name: without_keys(CHECKSUM, without_clocks(path.name, path.read_text("utf-8")))
        for path in result.iterdir()
        if path.suffix in (".json", ".csv")
    }


def rows(dataset: Path) -> list[tuple[Any, ...]]:
    """Return a dataset's rows, sorted by their fractions last: those may differ a little."""
    table = pq.read_table(dataset)
    table = table.drop_columns([name for name in CLOCKS if name in table.column_names])
    found = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return sorted(found, key=lambda row: (repr(without_fractions(row)), repr(row)))


def without_fractions(row: tuple[Any, ...]) -> list[Any]:
    """Return the values of a row that are neither floats nor lists of them."""
    return [
        value
        for value in row
        if not isinstance(value[0] if isinstance(value, list) and value else value, float)
    ]
