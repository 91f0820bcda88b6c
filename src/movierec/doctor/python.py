"""Checks that the driver and Spark's Python workers have the packages that the jobs need."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from movierec.doctor.check_result import CheckResult

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import SparkSession

_ON_WORKERS: Final = ("numpy", "pandas", "pyarrow", "scipy")
_ON_DRIVER: Final = (*_ON_WORKERS, "yaml")
_REPORT_SCHEMA: Final = ", ".join(
    [f"{name} string" for name in ("host", "folder", "python", *_ON_WORKERS)] + ["free long"]
)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The report of one machine's Python workers."""

    host: str
    versions: dict[str, str]
    """The version of Python and of each package."""
    scratch: dict[str, int]
    """Free bytes in each of Spark's local directories."""


def check_driver() -> CheckResult:
    """Return the driver's Python and packages. Raises ImportError for one that Spark refuses."""
    from pyspark.sql.pandas import utils

    utils.require_minimum_pandas_version()
    utils.require_minimum_pyarrow_version()
    return CheckResult("python", "ok", _listed(_versions(_ON_DRIVER)))


def collect_workers(spark: SparkSession) -> list[Machine]:
    """Return the reports of the Python workers, one per machine and set of versions, by host name.

    Raises PySpark's error if a worker does not start, has another Python than the driver, or lacks
    a package.
    """
    # enough tasks for every core of every executor
    tasks = 2 * spark.sparkContext.defaultParallelism
    rows = spark.range(tasks, numPartitions=tasks).mapInPandas(_report, _REPORT_SCHEMA).collect()
    machines: dict[tuple[str, ...], Machine] = {}
    for row in sorted(rows, key=lambda row: row.host):
        versions = {name: row[name] for name in ("python", *_ON_WORKERS)}
        key = (row.host, *versions.values())
        machine = machines.setdefault(key, Machine(host=row.host, versions=versions, scratch={}))
        machine.scratch[row.folder] = min(row.free, machine.scratch.get(row.folder, row.free))
    return list(machines.values())


def check_workers(machines: Sequence[Machine]) -> CheckResult:
    """Check that the workers have the driver's packages."""
    own = _versions(_ON_WORKERS)
    others = [one for one in machines if one.versions != own]
    if not others:
        hosts = ", ".join(sorted({one.host for one in machines}))
        return CheckResult("workers", "ok", f"{_listed(own)} on {hosts}, as in the driver")
    different = "; ".join(f"{one.host} has {_listed(one.versions)}" for one in others)
    fix = "set PYSPARK_PYTHON to Pythons with the same packages, such as those of one image"
    return CheckResult("workers", "warning", f"{different}, the driver {_listed(own)}", fix)


def _versions(packages: Sequence[str]) -> dict[str, str]:
    found = {one: str(import_module(one).__version__) for one in packages}
    return {"python": platform.python_version()} | found


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _report(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield one row for each of this worker's local directories."""
    import pandas as pd

    for _ in batches:
        pass
    # Spark gives its workers the directories that it has made
    for folder in os.environ["SPARK_LOCAL_DIRS"].split(","):
        row = {"host": socket.gethostname(), "folder": str(Path(folder).parent)}
        free = {"free": shutil.disk_usage(folder).free}
        yield pd.DataFrame([row | _versions(_ON_WORKERS) | free])
