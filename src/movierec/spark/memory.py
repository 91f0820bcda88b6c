"""The peak memory of Spark's JVM on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from movierec.spark.jvm import call_static
from movierec.spark.session import Session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PROC: Final = Path("/proc")
_RESET_PEAK: Final = "5"
_PEAK_FIELD: Final = "VmHWM:"


class PeakMemory:
    """The peak resident memory of the JVM since this object was made, as Linux counts it.

    In local mode the JVM is all of Spark except its Python workers; on a cluster it is the driver.
    """

    def __init__(self, session: Session) -> None:
        """Reset the JVM's peak; a session that has not started is not started for it."""
        self._known = not session.started or reset_peak(_pid(session()))

    def measure(self, spark: SparkSession) -> int | None:
        """Return the bytes; None if the system does not count them, as outside of Linux."""
        return read_peak(_pid(spark)) if self._known else None


def reset_peak(pid: str) -> bool:
    """Have Linux count a process's peak from now on; return whether it does."""
    try:
        (_PROC / pid / "clear_refs").write_text(_RESET_PEAK, encoding="ascii")
    except OSError:
        return False
    return True


def read_peak(pid: str) -> int | None:
    """Return a process's peak memory in bytes, None if the system does not count it."""
    try:
        lines = (_PROC / pid / "status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next(
        (1024 * int(line.split()[1]) for line in lines if line.startswith(_PEAK_FIELD)), None
    )


def _pid(spark: SparkSession) -> str:
    """Return the JVM's process id."""
    (process,) = call_static(spark, ("java.lang.ProcessHandle", "current"))
    return str(process)
