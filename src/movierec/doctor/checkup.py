"""Everything that is looked at before work starts, in its order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pyspark

from movierec.config.schema import Config
from movierec.config.uris import resolve_uri
from movierec.doctor import archive, estimates, executors, memory, python, storage
from movierec.doctor import java as java_checks
from movierec.doctor.check_result import Finding, guarded, not_looked_at
from movierec.doctor.executors import Executors
from movierec.doctor.python import Machine
from movierec.pipeline.workspace import checkpoints
from movierec.spark.files import Files
from movierec.spark.session import Session, is_submitted, machine_memory

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_BY_RATINGS: Final = ("memory", "disk", "scratch", "time")
_BY_SPARK: Final = ("workers", "blas", "workspace", "checkpoints", "archive", *_BY_RATINGS)
_JAVA: Final = "`make setup` finds or installs a Java that Spark runs on"
_SPARK: Final = "see what Java says above, and the properties that Spark was started with"
_PACKAGES: Final = "install what pyproject.toml names; `make setup` does"
_WORKERS: Final = (
    "have PYSPARK_PYTHON name a Python like the driver's, with numpy, pandas and pyarrow, on every "
    "machine, and ship the package with --py-files"
)
_WRITE: Final = "let this account write there, or name another place (SET=workspace=…)"
_ARCHIVE: Final = "let this account read it, or name another with ARCHIVE="


class Examination:
    """What a config needs of this machine or cluster, looked at one by one.

    Raises ConfigError for a workspace or archive URI of an unknown scheme.
    """

    def __init__(self, config: Config, session: Session) -> None:
        self._source = config.source
        self._session = session
        self._files = Files(session)
        self._archive_uri = resolve_uri(config.source.archive, key="source.archive")
        self._root = resolve_uri(config.workspace, key="workspace")
        self._counted: int | None = None
        self._machines: list[Machine] = []
        self._executors: Executors | None = None

    def findings(self) -> Iterator[Finding]:
        """Yield what is found, each as soon as it is known; no failure stops the rest."""
        yield guarded("python", python.check_driver, cure=_PACKAGES)
        yield from self._engine()
        if not self._session.started:
            yield not_looked_at(_BY_SPARK, because="Spark does not run")
            return
        yield from self._workers()
        yield from self._places()
        yield from self._archive()
        ratings = self._counted
        if ratings is None:
            ratings = archive.expected_ratings(self._source)
        if ratings is None:
            yield not_looked_at(_BY_RATINGS, because="the number of ratings is not known")
        else:
            yield from self._amounts(self._session(), ratings)

    def _engine(self) -> Iterator[Finding]:
        """Look at Java first where Spark is still to be started with it."""
        if not is_submitted():
            java = guarded("java", self._java_here, cure=_JAVA)
            yield java
            if java.state == "error":
                return
        yield guarded("spark", lambda: java_checks.check_spark(self._session), cure=_SPARK)
        if is_submitted() and self._session.started:
            yield guarded("java", self._java_of_spark, cure=_JAVA)

    def _workers(self) -> Iterator[Finding]:
        yield guarded("workers", self._ask_workers, cure=_WORKERS)
        yield guarded("blas", lambda: java_checks.check_blas(self._session()), cure=_SPARK)
        if not self._is_local():
            yield guarded("executors", self._read_executors, cure=_SPARK)
        if self._executors is not None:
            yield executors.judge_container(self._executors)

    def _places(self) -> Iterator[Finding]:
        files, root = self._files, self._root
        yield guarded("workspace", lambda: storage.check_workspace(files, root), cure=_WRITE)
        place = checkpoints(root)
        yield guarded(
            "checkpoints",
            lambda: storage.check_checkpoints(self._session, place),
            cure=_WRITE,
        )

    def _archive(self) -> Iterator[Finding]:
        yield guarded("archive", self._look_into_archive, cure=_ARCHIVE)
        if self._counted is not None:
            expected = self._source.expected_ratings
            yield archive.judge_count(self._counted, expected=expected)

    def _amounts(self, spark: SparkSession, ratings: int) -> Iterator[Finding]:
        """Look at what has to be enough for so many ratings."""
        cores = spark.sparkContext.defaultParallelism
        if self._is_local():
            heap = memory.memory_of(spark, "spark.driver.memory", "1g")
            yield memory.judge_memory(
                heap=heap, machine=machine_memory(), cores=cores, ratings=ratings
            )
        if self._executors is not None:
            yield executors.judge_heaps(self._executors, ratings=ratings)
            yield executors.judge_overhead(self._executors, ratings=ratings)
        yield guarded(
            "disk",
            lambda: storage.check_disk(self._files, self._root, ratings=ratings),
            cure=_WRITE,
        )
        if self._machines:
            yield storage.judge_scratch(self._machines, ratings=ratings)
        yield Finding("time", "ok", estimates.foretold(ratings, cores=cores))

    def _is_local(self) -> bool:
        return str(self._session().sparkContext.master).startswith("local")

    def _java_here(self) -> Finding:
        version = pyspark.__version__
        java = java_checks.ask_java(spark_version=version)
        return java_checks.judge_java(java, spark_version=version)

    def _java_of_spark(self) -> Finding:
        spark = self._session()
        return java_checks.judge_java(java_checks.java_of(spark), spark_version=spark.version)

    def _ask_workers(self) -> Finding:
        self._machines = python.ask_workers(self._session())
        return python.judge_workers(self._machines)

    def _read_executors(self) -> Finding:
        self._executors = executors.read_executors(self._session())
        return executors.judge_number(self._executors)

    def _look_into_archive(self) -> Finding:
        files, uri, source = self._files, self._archive_uri, self._source
        absent = archive.judge_absence(files, uri, source=source)
        if absent is not None:
            return absent
        layout, self._counted = archive.count_ratings(files, uri, source=source)
        given = "source.sha256 and " if source.sha256 else ""
        found = f"{uri}: layout {layout}, whole by {given}the checksums in it"
        return Finding("archive", "ok", found)
