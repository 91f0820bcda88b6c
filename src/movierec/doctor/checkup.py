"""All checks before a run, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pyspark

from movierec.config.schema import Config
from movierec.config.uris import resolve_uri
from movierec.doctor import archive, estimates, executors, python, storage
from movierec.doctor import java as java_checks
from movierec.doctor.check_result import CheckResult, run_check, skipped
from movierec.doctor.executors import Executors
from movierec.doctor.python import Machine
from movierec.pipeline.workspace import checkpoints
from movierec.spark.files import Files
from movierec.spark.session import Session, is_submitted, machine_memory

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NEED_RATINGS: Final = ("memory", "disk", "scratch", "time")
_NEED_SPARK: Final = ("workers", "blas", "workspace", "checkpoints", "archive", *_NEED_RATINGS)
_FIX_JAVA: Final = "`make setup` finds or installs a Java that Spark runs on"
_FIX_SPARK: Final = "see the messages of Java above, and check the properties of Spark"
_FIX_PACKAGES: Final = "install the dependencies of pyproject.toml; `make setup` does"
_FIX_WORKERS: Final = (
    "set PYSPARK_PYTHON to a Python like the driver's, with numpy, pandas and pyarrow, on every "
    "machine, and ship the package with --py-files"
)
_FIX_PLACE: Final = "let this account write there, or set another workspace (SET=workspace=…)"
_FIX_ARCHIVE: Final = "let this account read it, or name another with ARCHIVE="


class Checkup:
    """Checks one by one whether this machine or cluster has what a config needs.

    Raises ConfigError for a workspace or archive URI of an unknown scheme.
    """

    def __init__(self, config: Config, session: Session) -> None:
        self._source = config.source
        self._session = session
        self._files = Files(session)
        self._archive_uri = resolve_uri(config.source.archive, key="source.archive")
        self._root = resolve_uri(config.workspace, key="workspace")
        self._ratings: int | None = None
        self._machines: list[Machine] = []
        self._executors: Executors | None = None

    def results(self) -> Iterator[CheckResult]:
        """Yield each result as soon as it is known; no failure stops the rest."""
        yield run_check("python", python.check_driver, fix=_FIX_PACKAGES)
        yield from self._check_java_and_spark()
        if not self._session.started:
            yield skipped(_NEED_SPARK, because="Spark does not run")
            return
        yield from self._check_workers()
        yield from self._check_places()
        yield from self._check_archive()
        ratings = self._ratings
        if ratings is None:
            ratings = archive.expected_ratings(self._source)
        if ratings is None:
            yield skipped(_NEED_RATINGS, because="the number of ratings is not known")
        else:
            yield from self._check_sizes(self._session(), ratings)

    def _check_java_and_spark(self) -> Iterator[CheckResult]:
        """Check Java first, unless spark-submit has started it."""
        if not is_submitted():
            java = run_check("java", self._check_local_java, fix=_FIX_JAVA)
            yield java
            if java.state == "error":
                return
        yield run_check("spark", lambda: java_checks.check_spark(self._session), fix=_FIX_SPARK)
        if is_submitted() and self._session.started:
            yield run_check("java", self._check_spark_java, fix=_FIX_JAVA)

    def _check_workers(self) -> Iterator[CheckResult]:
        yield run_check("workers", self._check_worker_packages, fix=_FIX_WORKERS)
        yield run_check("blas", lambda: java_checks.check_blas(self._session()), fix=_FIX_SPARK)
        if not self._is_local():
            yield run_check("executors", self._check_executors, fix=_FIX_SPARK)
        if self._executors is not None:
            yield executors.check_container(self._executors)

    def _check_places(self) -> Iterator[CheckResult]:
        files, root = self._files, self._root
        yield run_check("workspace", lambda: storage.check_workspace(files, root), fix=_FIX_PLACE)
        yield run_check(
            "checkpoints",
            lambda: storage.check_checkpoints(self._session, checkpoints(root)),
            fix=_FIX_PLACE,
        )

    def _check_archive(self) -> Iterator[CheckResult]:
        yield run_check("archive", self._read_archive, fix=_FIX_ARCHIVE)
        if self._ratings is not None:
            expected = self._source.expected_ratings
            yield archive.check_rating_count(self._ratings, expected=expected)

    def _check_sizes(self, spark: SparkSession, ratings: int) -> Iterator[CheckResult]:
        """Check whether memory and disk suffice for this number of ratings."""
        cores = spark.sparkContext.defaultParallelism
        if self._is_local():
            heap = executors.memory_property(spark, "spark.driver.memory", "1g")
            yield executors.check_memory(
                heap=heap, machine=machine_memory(), cores=cores, ratings=ratings
            )
        if self._executors is not None:
            yield executors.check_heaps(self._executors, ratings=ratings)
            yield executors.check_overhead(self._executors, ratings=ratings)
        yield run_check(
            "disk",
            lambda: storage.check_disk(self._files, self._root, ratings=ratings),
            fix=_FIX_PLACE,
        )
        if self._machines:
            yield storage.check_scratch(self._machines, ratings=ratings)
        yield CheckResult("time", "ok", estimates.estimate_runtime(ratings, cores=cores))

    def _is_local(self) -> bool:
        return str(self._session().sparkContext.master).startswith("local")

    def _check_local_java(self) -> CheckResult:
        version = pyspark.__version__
        java = java_checks.probe_java(spark_version=version)
        return java_checks.check_java(java, spark_version=version)

    def _check_spark_java(self) -> CheckResult:
        spark = self._session()
        java = java_checks.java_properties(spark)
        return java_checks.check_java(java, spark_version=spark.version)

    def _check_worker_packages(self) -> CheckResult:
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
