"""Starts the Spark session; nothing else does."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from movierec.errors import InputError
from movierec.spark import blas
from movierec.spark.files import Files
from movierec.spark.java_errors import ALLOW_WRITE, call_java
from movierec.spark.java_versions import use_recorded_java
from movierec.spark.surroundings import clear_environment, environment_fault
from movierec.spark.terminal import can_redraw, waiting_for

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Results must not depend on where a job runs, so whatever shapes them is set here: Spark 3.5 and
# 4.x differ in ANSI mode by default, machines in time zone.
_BEHAVIOUR = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.cleaner.referenceTracking.cleanCheckpoints": "true",
    # Lists collected by user stay hashed: beyond 128 users Spark would sort every row instead.
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
_ROWS_PER_PARTITION = 500_000
_GIB = 1 << 30
_JAVA_OPTIONS = "spark.driver.extraJavaOptions"
_COLLECTOR = r"-XX:\+Use\w+GC\b"


class Session:
    """A Spark session that starts at its first use.

    Under spark-submit, master, memory and cores come from the submission. From plain Python it is
    a local session on all cores with a heap sized from the machine's memory. `overrides` are Spark
    properties that win over both; Java options of the driver are added to the suite's own. Spark
    logs its errors only, or from INFO on if `verbose`.
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
        self._launched = False
        """Whether this session has started the JVM."""
        self._scratch: list[str] = []
        """The directories of its temporary files."""

    def __call__(self) -> SparkSession:
        """Return the session, starting it if needed.

        Raises InputError if Spark does not start or the checkpoint directory cannot be made.
        """
        if self._spark is None:
            self._spark = self._start()
            if self._checkpoint_dir is not None:
                self._make_checkpoint_dir(self._spark, self._checkpoint_dir)
        return self._spark

    @property
    def started(self) -> bool:
        """Whether a JVM is running for this session."""
        return self._spark is not None

    def checkpoint_to(self, uri: str) -> None:
        """Set where checkpoints go; on a cluster every executor must reach it.

        Without it ALS silently ignores its checkpoint interval, and the lineage of some 25
        iterations overflows the stack.
        """
        self._checkpoint_dir = uri
        if self._spark is not None:
            self._make_checkpoint_dir(self._spark, uri)

    def stop(self) -> None:
        """Stop Spark if it runs and remove its checkpoints; a later call starts it again."""
        if self._spark is not None:
            from py4j.protocol import Py4JError

            self._remove_checkpoints()
            spark, self._spark = self._spark, None
            # the JVM may be gone; then the original error is the one to report
            with contextlib.suppress(Py4JError, OSError):
                spark.stop()

    def abort(self) -> None:
        """End a Spark that this process started, without a call to Java, which may not answer.

        Its tasks would fail one by one, with a stack trace each, if it were stopped. Checkpoints
        stay until they are pruned. A Spark of spark-submit ends with this process.
        """
        from pyspark import SparkContext

        java = getattr(SparkContext._gateway, "proc", None)
        if not self._launched or java is None:
            return
        self._spark, self._launched = None, False
        java.kill()
        java.wait()
        for directory in self._scratch:
            shutil.rmtree(directory, ignore_errors=True)

    def _make_checkpoint_dir(self, spark: SparkSession, uri: str) -> None:
        """Have Spark make its own directory below the URI."""
        try:
            call_java(uri, spark.sparkContext.setCheckpointDir, uri)
        except InputError as error:
            if "FileNotFoundException" not in str(error):
                raise
            # Hadoop says so if it could not make it
            raise InputError(f"{error}; {ALLOW_WRITE}") from None
        self._checkpoints.append(str(spark.sparkContext.getCheckpointDir()))

    def _remove_checkpoints(self) -> None:
        """Remove the checkpoints that Spark leaves: after tuning ml-latest-small some megabytes."""
        from py4j.protocol import Py4JError

        while self._checkpoints:
            with contextlib.suppress(InputError, Py4JError, OSError):
                Files(self).delete(self._checkpoints.pop())

    def _properties(self) -> dict[str, str]:
        if is_submitted():
            return _BEHAVIOUR | self._overrides
        heap = f"{heap_gib(machine_memory())}g"
        properties = {"spark.master": "local[*]", "spark.driver.memory": heap} | self._overrides
        if properties["spark.master"].startswith("local"):
            properties = _LOCAL | properties
        options = _java_options(properties.get(_JAVA_OPTIONS, ""), verbose=self.verbose)
        return _BEHAVIOUR | properties | {_JAVA_OPTIONS: options}

    def _start(self) -> SparkSession:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession

        properties = self._properties()
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
        if not is_submitted():
            use_recorded_java()
            if properties["spark.master"].startswith("local"):
                clear_environment()
                if (fault := environment_fault(properties[_JAVA_OPTIONS])) is not None:
                    raise InputError(f"Spark does not start: {fault}")
        builder = SparkSession.builder.appName(self._app_name)
        for key, value in properties.items():
            builder = builder.config(key, value)
        with waiting_for(_START, name=self._app_name), _deferred_interrupts():
            try:
                self._launched = _launch_java(properties) or self._launched
                spark: SparkSession = call_java("Spark does not start", builder.getOrCreate)
            except PySparkRuntimeError as error:
                if "JAVA_GATEWAY_EXITED" not in str(error):
                    raise
                raise InputError(
                    "Spark does not start: its Java ended at once, with the message above; run "
                    "`make doctor`"
                ) from None
        if self._launched:
            java: Any = spark._jvm
            blocks = java.org.apache.spark.SparkEnv.get().blockManager().diskBlockManager()
            self._scratch = [
                str(Path(spark.sparkContext._temp_dir).parent),
                *(one.getPath() for one in blocks.localDirs()),
            ]
        spark.sparkContext.setLogLevel("INFO" if self.verbose else "ERROR")
        if not str(spark.sparkContext.master).startswith("local"):
            # Spark's own warning about this is hidden by the log level
            with waiting_for(_EXECUTOR, name=self._app_name):
                spark.range(1).count()
        return spark


def _launch_java(properties: Mapping[str, str]) -> bool:
    """Start the JVM that the session will use, unless there is one; return whether it did.

    It has a process group of its own: at Ctrl-C a terminal interrupts only this process, which
    ends Spark in order, and not Spark's workers, whose stack traces would hide the reason.
    """
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    if is_submitted() or SparkContext._gateway is not None:
        return False
    conf = SparkConf().setAll(list(properties.items()))
    before = os.environ.copy()
    # for Java and the workers, which it starts, not for this process
    os.environ.update(blas.ONE_THREAD | before)
    try:
        gateway = launch_gateway(conf, {"start_new_session": True})  # type: ignore[no-untyped-call]
    finally:
        for variable in set(blas.ONE_THREAD) - set(before):
            del os.environ[variable]
    SparkContext._ensure_initialized(gateway=gateway)
    return True


def _is_not_py4js(record: logging.LogRecord) -> bool:
    """Return whether a record of the root logger is none of Py4J's, of an interrupted call."""
    return "py4j" not in record.pathname


@contextlib.contextmanager
def _deferred_interrupts() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block, and keep this process's handler of it.

    A JVM whose start is interrupted is never known to this process, and stays. And PySpark sets a
    handler of its own, which calls Java in the middle of another call to Java.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []
    handler = signal.signal(signal.SIGINT, lambda *interrupt: caught.append(interrupt))
    logging.getLogger().addFilter(_is_not_py4js)
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if caught and callable(handler):
        handler(*caught[0])


def size_shuffles(spark: SparkSession, *, rows: int) -> None:
    """Set the number of shuffle partitions for data of `rows` rows.

    Spark's fixed 200 cost seconds per query on 100,000 ratings. A number given when the session
    started is kept.
    """
    if not spark.sparkContext.getConf().contains(_SHUFFLE_PARTITIONS):
        by_rows = -(-rows // _ROWS_PER_PARTITION)
        cores = spark.sparkContext.defaultParallelism
        spark.conf.set(_SHUFFLE_PARTITIONS, str(max(cores, by_rows)))


def is_submitted() -> bool:
    """Return whether spark-submit started this process, so that the JVM already runs."""
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


def _java_options(given: str, *, verbose: bool) -> str:
    """Return the options of the driver's JVM: logging, collector, native BLAS, then those given."""
    # as a URI: Java options are split at spaces
    logging = Path(str(resources.files("movierec.spark").joinpath("log4j2.properties"))).as_uri()
    # tasks of ALS hold their lineage: ten iterations of it overflow the default stack of Java 25
    options = [f"-Dlog4j2.configurationFile={logging}", "-Xss4m"]
    # Java takes one collector only. A batch needs throughput, not short pauses: a fit takes a tenth
    # less time than with G1.
    if not re.search(_COLLECTOR, given):
        options.append("-XX:+UseParallelGC")
    if verbose:
        options.append("-Dmovierec.log.level=info")
    elif can_redraw(sys.stderr):
        options.append("-Dmovierec.log.console=redrawn")
    library = blas.find_library()
    if library is not None:
        options.append(blas.java_options(library))
    return " ".join(filter(None, (*options, given)))
