"""How much memory Spark's JVM on this machine held at most."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from movierec.spark.jvm import ask_jvm
from movierec.spark.session import Session

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
        self._known = not session.started or forget_peak(_pid(session()))

    def measured(self, spark: SparkSession) -> int | None:
        """Return the bytes; None where the system does not tell, as outside of Linux."""
        return peak_of(_pid(spark)) if self._known else None


def forget_peak(pid: str) -> bool:
    """Have Linux count a process's peak from now on; tell whether it does."""
    try:
        (_PROC / pid / "clear_refs").write_text(_FORGET_PEAK, encoding="ascii")
    except OSError:
        return False
    return True


def peak_of(pid: str) -> int | None:
    """Return the most bytes that a process held, None where the system does not tell."""
    try:
        lines = (_PROC / pid / "status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((1024 * int(one.split()[1]) for one in lines if one.startswith(_PEAK)), None)


def _pid(spark: SparkSession) -> str:
    """Return the JVM's process id."""
    (process,) = ask_jvm(spark, ("java.lang.ProcessHandle", "current"))
    return str(process)
