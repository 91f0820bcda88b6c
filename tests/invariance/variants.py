"""Ways to run the pipeline that must not change what it finds, and whether they do."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from movierec.pipeline import dag
from tests.support.comparison import CLOCKS, told, without
from tests.support.confs import SHORT, SMALL
from tests.support.paths import ROOT

CHECKSUM = ("archive_sha256",)
"""The one finding that is of the archive's bytes, so of the order of its rows."""
VECTORS = {"spark.driver.extraJavaOptions": "--add-modules=jdk.incubator.vector -XX:+UseParallelGC"}
TOLERANCE = 1e-5
SWAPPED = 10_000


@dataclass(frozen=True)
class Variant:
    """One way to run the pipeline."""

    name: str
    properties: dict[str, str] = field(default_factory=dict)
    shuffled: bool = False
    """The archive's rows in another order."""
    python: str = sys.executable
    nearly: bool = False
    """Numbers may differ by TOLERANCE, and a row in SWAPPED by its rank."""


PARTITIONS = Variant(
    "other partitions",
    {
        "spark.sql.shuffle.partitions": "7",
        "spark.default.parallelism": "5",
        "spark.sql.files.maxPartitionBytes": "300000",
    },
)
VARIANTS = (
    Variant("rows in another order", shuffled=True),
    Variant("one core", {"spark.master": "local[1]"}),
    Variant("no adaptive planning", {"spark.sql.adaptive.enabled": "false"}),
    PARTITIONS,
)
USUAL = Variant("two cores", {"spark.master": "local[2]"})


def run(
    variant: Variant,
    archive: Path,
    place: Path,
    *,
    config: Path = SMALL,
    changes: Mapping[str, Any] = SHORT,
) -> Path:
    """Run the pipeline on the archive, with changes of the config, and return its workspace."""
    place.mkdir()
    if variant.shuffled:
        archive = shuffled(archive, place / archive.name)
    values = {
        **changes,
        "source.archive": str(archive.resolve()),
        "source.sha256": None,
        "source.expected_ratings": None,
        "workspace": str(place / "workspace"),
    }
    overrides = [part for k, v in values.items() for part in ("--set", f"{k}={json.dumps(v)}")]
    properties = [f"{key}={value}" for key, value in variant.properties.items()]
    command = [variant.python, "-m", "tests.invariance.variant", *properties, "--"]
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    done = subprocess.run(
        [*command, "--config", str(config), *overrides],
        env={**os.environ, "PYTHONPATH": path, "PYSPARK_PYTHON": variant.python},
        capture_output=True,
        text=True,
        check=False,
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


def exactly(one: Any, other: Any) -> bool:
    """Tell whether two values are the same to the last digit."""
    return repr(one) == repr(other)


def nearly(one: Any, other: Any) -> bool:
    """Tell whether two values are the same but for TOLERANCE in their numbers."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(nearly, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(nearly(one[key], other[key]) for key in one)
    return exactly(one, other)


def compared(
    one: Path, other: Path, *, same: Callable[[Any, Any], bool] = exactly
) -> Iterator[str]:
    """Yield what differs between two workspaces."""
    for stage in dag.PIPELINE:
        here, there = (published(workspace / stage.name) for workspace in (one, other))
        datasets = json.loads((here.parent / "_manifest.json").read_text())["rows"]
        for dataset in datasets:
            mine, its = (rows(at / dataset) for at in (here, there))
            n = sum(not same(a, b) for a, b in zip(mine, its, strict=False))
            allowed = 0 if same is exactly else len(mine) // SWAPPED
            if len(mine) != len(its) or n > allowed:
                yield f"{stage.name}/{dataset}: {len(mine)} and {len(its)} rows, {n} of them differ"
        texts, others = (texts_of(at) for at in (here, there))
        for name in sorted(texts.keys() | others.keys()):
            if not same(texts.get(name), others.get(name)):
                yield f"{stage.name}/{name}"


def published(stage: Path) -> Path:
    """The one result of a stage."""
    (manifest,) = stage.glob("*/_manifest.json")
    return manifest.parent / json.loads(manifest.read_text())["attempt"]


def texts_of(result: Path) -> dict[str, Any]:
    """What a result's files for people say, by their names."""
    paths = (path for path in result.iterdir() if path.suffix in (".json", ".csv"))
    said = {path.name: told(path.name, path.read_text("utf-8")) for path in paths}
    return {name: without(CHECKSUM, one) for name, one in said.items()}


def rows(dataset: Path) -> list[tuple[Any, ...]]:
    """A dataset's rows, in an order that depends on fractions last."""
    table = pq.read_table(dataset)
    table = table.drop_columns([name for name in CLOCKS if name in table.column_names])
    found = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return sorted(found, key=lambda row: (repr(whole(row)), repr(row)))


def whole(row: tuple[Any, ...]) -> list[Any]:
    """The values of a row that are no fractions, nor lists of them."""
    return [
        value
        for value in row
        if not isinstance(value[0] if isinstance(value, list) and value else value, float)
    ]
