"""Makes the Spark session, the only place that does."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from movierec.errors import InputError
from movierec.spark import blas
from movierec.spark.console import can_redraw
from movierec.spark.files import Files
from movierec.spark.java_errors import WRITE_THERE, plain_errors
from movierec.spark.patience import waiting_for

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Results must not depend on where a job runs, so what shapes them is set, never left to a
# default: Spark 3.5 and 4.x differ in ANSI mode, machines differ in time zone.
_BEHAVIOUR = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.cleaner.referenceTracking.cleanCheckpoints": "true",
    # Collected by user, lists stay hashed: beyond 128 users Spark would sort every row instead.
    "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "1000000",
}
_LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}
_START = "Spark to start; on YARN, for a place in the queue (yarn application -list)"
_EXECUTOR = "an executor; on YARN, for free memory and cores (yarn node -list -all)"
_SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
_ROWS_A_PARTITION = 500_000
_GIB = 1 << 30


class Session:
    """A Spark session that starts at its first use.

    Under spark-submit master, memory and cores are what the submission says. Started from plain
    Python it is a local session on all cores with a heap sized from the machine's memory;
    `overrides` are Spark properties that win over both. Spark says only its errors, or what it
    logs at INFO if `verbose`.
    """

    def __init__(
        self,
        app_name: str,
        *,
        overrides: Mapping[str, str] | None = None,
        verbose: bool = False,
    ) -> None:
        self.verbose = verbose
        self._app_name = app_name
        self._checkpoint_dir: str | None = None
        self._checkpoints: list[str] = []
        self._overrides = dict(overrides or {})
        self._spark: SparkSession | None = None

    def __call__(self) -> SparkSession:
        """Return the session, starting it if need be.

        Raises InputError where Spark does not start, or the directory for checkpoints cannot be
        made.
        """
        if self._spark is None:
            self._spark = self._start()
            if self._checkpoint_dir is not None:
                self._make_checkpoint_dir(self._spark, self._checkpoint_dir)
        return self._spark

    @property
    def started(self) -> bool:
        """Tell whether a JVM is running for this session."""
        return self._spark is not None

    def checkpoint_to(self, uri: str) -> None:
        """Set where checkpoints go; on a cluster every executor must reach it.

        Without it ALS ignores its checkpoint interval in silence, and the lineage of some 25
        iterations overflows the stack.
        """
        self._checkpoint_dir = uri
        if self._spark is not None:
            self._make_checkpoint_dir(self._spark, uri)

    def stop(self) -> None:
        """Stop Spark if it runs and remove its checkpoints; a later call starts it anew."""
        if self._spark is not None:
            from py4j.protocol import Py4JError

            self._remove_checkpoints()
            spark, self._spark = self._spark, None
            # a JVM that died takes no orders, and what ended it is the failure to tell of
            with contextlib.suppress(Py4JError, OSError):
                spark.stop()

    def _make_checkpoint_dir(self, spark: SparkSession, uri: str) -> None:
        """Have Spark make a directory of its own below the URI."""
        try:
            plain_errors(uri, spark.sparkContext.setCheckpointDir, uri)
        except InputError as error:
            if "FileNotFoundException" not in str(error):
                raise
            # so Hadoop says that it could not make it
            raise InputError(f"{error}; {WRITE_THERE}") from None
        self._checkpoints.append(str(spark.sparkContext.getCheckpointDir()))

    def _remove_checkpoints(self) -> None:
        """Remove what Spark leaves behind, a tuning on ml-latest-small some megabytes."""
        from py4j.protocol import Py4JError

        while self._checkpoints:
            with contextlib.suppress(InputError, Py4JError, OSError):
                Files(self).delete(self._checkpoints.pop())

    def _start(self) -> SparkSession:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession

        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
        builder = SparkSession.builder.appName(self._app_name)
        properties = dict(_BEHAVIOUR)
        if not is_submitted():
            for variable, number in blas.ONE_THREAD.items():
                os.environ.setdefault(variable, number)
            master = self._overrides.get("spark.master", "local[*]")
            builder = builder.master(master)
            properties |= _before_start(verbose=self.verbose)
            if master.startswith("local"):
                properties |= _LOCAL
        for key, value in (properties | self._overrides).items():
            builder = builder.config(key, value)
        with waiting_for(_START, name=self._app_name):
            try:
                spark: SparkSession = plain_errors("Spark does not start", builder.getOrCreate)
            except PySparkRuntimeError as error:
                if "JAVA_GATEWAY_EXITED" not in str(error):
                    raise
                raise InputError(
                    "Spark does not start: its Java ended at once, as it says above; see what "
                    "`make doctor` finds"
                ) from None
        spark.sparkContext.setLogLevel("INFO" if self.verbose else "ERROR")
        if not str(spark.sparkContext.master).startswith("local"):
            # Spark itself says so in a warning, which the log level leaves out.
            with waiting_for(_EXECUTOR, name=self._app_name):
                spark.range(1).count()
        return spark


def size_shuffles(spark: SparkSession, *, rows: int) -> None:
    """Set the number of shuffle partitions for data of so many rows.

    Spark's fixed 200 cost seconds a query on 100,000 ratings. A number that the session was
    started with is left alone.
    """
    if not spark.sparkContext.getConf().contains(_SHUFFLE_PARTITIONS):
        wanted = -(-rows // _ROWS_A_PARTITION)
        cores = spark.sparkContext.defaultParallelism
        spark.conf.set(_SHUFFLE_PARTITIONS, str(max(cores, wanted)))


def is_submitted() -> bool:
    """Tell whether spark-submit started this process, so that the JVM already runs."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def heap_gib(memory_bytes: int) -> int:
    """Return the local driver's heap in GiB for a machine's memory.

    Six tenths, as Python workers and the page cache need the rest; from 1 to 14 GiB.
    """
    return max(1, min(14, int(memory_bytes * 0.6 / _GIB)))


def machine_memory() -> int:
    """Return the bytes of memory that this process may use: the machine's or the container's."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(limit).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            total = min(total, int(text))
    return total


def _before_start(*, verbose: bool) -> dict[str, str]:
    """Return what must be known before the JVM starts: heap, logging, collector, native BLAS."""
    # as a URI: Java options are split at spaces
    logging = Path(str(resources.files("movierec.spark").joinpath("log4j2.properties"))).as_uri()
    # a batch wants throughput, not short pauses: a fit takes a tenth less time than with G1
    options = [f"-Dlog4j2.configurationFile={logging}", "-XX:+UseParallelGC"]
    if verbose:
        options.append("-Dmovierec.log.level=info")
    elif can_redraw(sys.stderr):
        options.append("-Dmovierec.log.console=redrawn")
    library = blas.find_library()
    if library is not None:
        options.append(blas.java_options(library))
    return {
        "spark.driver.memory": f"{heap_gib(machine_memory())}g",
        "spark.driver.extraJavaOptions": " ".join(options),
    }
