"""All checks before a run, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import pyspark

from movierec.config.schema import Config
from movierec.config.uris import resolve_uri
from movierec.doctor import archive, estimates, executors, java, python, storage
from movierec.doctor.check_result import CheckResult, run_check, skipped
from movierec.doctor.executors import Executors
from movierec.doctor.python import Machine
from movierec.pipeline.workspace import checkpoints
from movierec.spark.files import Files
from movierec.spark.session import Session, is_submitted, machine_memory

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NEED_RATINGS: Final = ("ease", "memory", "disk", "scratch", "time")
_NEED_SPARK: Final = ("workers", "blas", "workspace", "checkpoints", "archive", *_NEED_RATINGS)
_PLACE: Final = "let this account write there, or set another workspace (SET=workspace=…)"
_SPARK: Final = "see the messages of Java above, and check the properties of Spark"
_FIXES: Final = {
    "python": "install the dependencies of pyproject.toml; `make setup` does",
    "java": "`make setup` finds or installs a Java that Spark runs on",
    "spark": _SPARK,
    "workers": (
        "set PYSPARK_PYTHON to a Python like the driver's, with numpy, pandas, pyarrow and scipy, "
        "on every machine, and ship the package with --py-files"
    ),
    "blas": _SPARK,
    "executors": _SPARK,
    "workspace": _PLACE,
    "checkpoints": _PLACE,
    "archive": "let this account read it, or name another with ARCHIVE=",
    "disk": _PLACE,
}
"""The fixes for checks that raise an error whose message has none."""


class Checkup:
    """Checks one by one whether this machine or cluster has what a config needs.

    Raises ConfigError for a workspace or archive URI of an unknown scheme.
    """

    def __init__(self, config: Config, session: Session) -> None:
        self._source = config.source
        self._ease_movies = max(config.tuning.ease.movies)
        self._session = session
        self._files = Files(session)
        self._archive_uri = resolve_uri(config.source.archive, key="source.archive")
        self._root = resolve_uri(config.workspace, key="workspace")
        self._ratings: int | None = None
        self._machines: list[Machine] = []
        self._executors: Executors | None = None

    def results(self) -> Iterator[CheckResult]:
        """Yield each result as soon as it is known; no failure stops the rest."""
        yield _run("python", python.check_driver)
        yield from self._check_java_and_spark()
        if not self._session.started:
            yield skipped(_NEED_SPARK, because="Spark does not run")
            return
        spark = self._session()
        is_local = str(spark.sparkContext.master).startswith("local")
        yield _run("workers", self._check_workers)
        yield _run("blas", lambda: java.check_blas(spark))
        if not is_local:
            yield _run("executors", self._check_executors)
        if self._executors is not None:
            yield executors.check_container(self._executors)
        yield _run("workspace", lambda: storage.check_workspace(self._files, self._root))
        place = checkpoints(self._root)
        yield _run("checkpoints", lambda: storage.check_checkpoints(self._session, place))
        yield _run("archive", self._read_archive)
        ratings = self._ratings
        if ratings is None:
            ratings = archive.expected_ratings(self._source)
        else:
            yield archive.check_rating_count(ratings, expected=self._source.expected_ratings)
        if ratings is None:
            yield skipped(_NEED_RATINGS, because="the number of ratings is not known")
        else:
            yield from self._check_sizes(spark, ratings, is_local=is_local)

    def _check_java_and_spark(self) -> Iterator[CheckResult]:
        """Check Java first, unless spark-submit has started it."""
        if not is_submitted():
            result = _run("java", self._check_local_java)
            yield result
            if result.state == "error":
                return
        yield _run("spark", lambda: java.check_spark(self._session))
        if is_submitted() and self._session.started:
            yield _run("java", self._check_spark_java)

    def _check_sizes(
        self, spark: SparkSession, ratings: int, *, is_local: bool
    ) -> Iterator[CheckResult]:
        """Check whether memory and disk suffice for this number of ratings."""
        cores = spark.sparkContext.defaultParallelism
        heap = executors.memory_property(spark, "spark.driver.memory", "1g")
        yield executors.check_ease(
            heap=heap,
            machine=machine_memory(),
            cores=cores if is_local else 0,
            movies=self._ease_movies,
            ratings=ratings,
        )
        if is_local:
            yield executors.check_memory(
                heap=heap, machine=machine_memory(), cores=cores, ratings=ratings
            )
        if self._executors is not None:
            yield executors.check_heaps(self._executors, ratings=ratings)
            yield executors.check_overhead(self._executors, ratings=ratings)
        yield _run("disk", lambda: storage.check_disk(self._files, self._root, ratings=ratings))
        if self._machines:
            yield storage.check_scratch(self._machines, ratings=ratings)
        yield CheckResult("time", "ok", estimates.estimate_runtime(ratings, cores=cores))

    def _check_local_java(self) -> CheckResult:
        version = pyspark.__version__
        return java.check_java(java.probe_java(spark_version=version), spark_version=version)

    def _check_spark_java(self) -> CheckResult:
        spark = self._session()
        return java.check_java(java.java_properties(spark), spark_version=spark.version)

    def _check_workers(self) -> CheckResult:
        self._machines = python.collect_workers(self._session())
        return python.check_workers(self._machines)

    def _check_executors(self) -> CheckResult:
        self._executors = executors.read_executors(self._session())
        return executors.check_executor_count(self._executors)

    def _read_archive(self) -> CheckResult:
        files, uri, source = self._files, self._archive_uri, self._source
        absent = archive.check_absence(files, uri, source=source)
        if absent is not None:
            return absent
        layout, self._ratings = archive.count_ratings(files, uri, source=source)
        given = "source.sha256 and " if source.sha256 else ""
        found = f"{uri}: layout {layout}, complete by {given}the checksums in it"
        return CheckResult("archive", "ok", found)


def _run(name: str, check: Callable[[], CheckResult]) -> CheckResult:
    return run_check(name, check, fix=_FIXES[name])
