"""How much memory Spark's JVM on this machine held at most."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from movierec.session import Session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PROC: Final = Path("/proc")
_FORGET_PEAK: Final = "5"
_PEAK: Final = "VmHWM:"


class PeakMemory:
    """The most resident memory of the JVM since this was made, as Linux counts it.

    In local mode that JVM is all of Spark but its Python workers; on a cluster it is the driver.
    """

    def __init__(self, session: Session) -> None:
        """Begin anew; a JVM that does not run yet has nothing to forget and is not started."""
        self._known = not session.started or _forget(session())

    def measured(self, spark: SparkSession) -> int | None:
        """Return the bytes; None where the system does not tell, as outside of Linux."""
        pid = _pid(spark) if self._known else None
        try:
            text = (_PROC / str(pid) / "status").read_text(encoding="ascii")
        except OSError:
            return None
        return next(
            (1024 * int(line.split()[1]) for line in text.splitlines() if line.startswith(_PEAK)),
            None,
        )


def _forget(spark: SparkSession) -> bool:
    """Have Linux count the peak from now on; tell whether it does."""
    try:
        (_PROC / str(_pid(spark)) / "clear_refs").write_text(_FORGET_PEAK, encoding="ascii")
    except OSError:
        return False
    return True


def _pid(spark: SparkSession) -> str | None:
    """Return the JVM's process id; None under Java 8, which does not know its own."""
    from pyspark.errors import PySparkException

    try:
        row = spark.sql("SELECT java_method('java.lang.ProcessHandle', 'current')").first()
    except PySparkException:
        return None
    return None if row is None else str(row[0])
