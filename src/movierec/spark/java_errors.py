"""What Java says when a call into it fails, as errors a user can read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from movierec.errors import InputError

WRITE_THERE: Final = "let this account read and write there"
_Cures = tuple[tuple[str, str], ...]
_DAMAGED: Final = "make the result that it belongs to again, with FORCE=1 (--force)"
# what a disk or a file system did to us, by Java's class and message, with the cure
_OF_PLACES: Final[_Cures] = (
    (
        r"No space left on device|DiskOutOfSpace|QuotaExceeded",
        "make room, there or in spark.local.dir",
    ),
    (r"Read-only file system", "give a workspace that can be written to"),
    (r"AccessControlException|Permission denied|Mkdirs failed", WRITE_THERE),
    (r"SafeModeException|is in safe mode", "wait for HDFS: hdfs dfsadmin -safemode get"),
    (
        r"BlockMissingException|Could not obtain block|could only be written to 0 of the",
        "start HDFS's DataNodes: hdfs dfsadmin -report",
    ),
)
_OF_RESULTS: Final[_Cures] = (
    (r"ChecksumException", _DAMAGED),
    (r"FileNotFoundException|File does not exist", _DAMAGED),
    (r"is not a Parquet file|ParquetDecodingException|could not read footer", _DAMAGED),
)


def java_message(error: Any) -> str:
    """Return in one line the class and message of py4j's Java error, or of PySpark's own of it."""
    return _one_line(_exception(error))


def storage_fault(error: BaseException) -> InputError | None:
    """Return what went wrong with a file, in one line with the cure, None for any other failure.

    Spark's own exceptions say only that a task failed: their causes say why.
    """
    for cause in _causes(error):
        said = _one_line(cause)
        cure = _cure(said, (*_OF_PLACES, *_OF_RESULTS))
        if cure is not None:
            return InputError(f"{said}; {cure}")
    return None


def _cure(said: str, cures: _Cures) -> str | None:
    found = (cure for pattern, cure in cures if re.search(pattern, said, re.IGNORECASE))
    return next(found, None)


def _exception(error: Any) -> Any:
    """Return Java's exception behind a Python one."""
    return error._origin if hasattr(error, "_origin") else error.java_exception


def _causes(error: Any) -> Iterator[Any]:
    """Yield Java's exceptions behind a Python one, the deepest first; none where it has none."""
    found: list[Any] = []
    cause = getattr(error, "_origin", None) or getattr(error, "java_exception", None)
    while cause is not None and len(found) < 20:
        found.append(cause)
        cause = cause.getCause()
    yield from reversed(found)


def _one_line(cause: Any) -> str:
    # what HDFS answers brings the stack of its server
    text = " ".join(str(cause.getMessage() or "").split()).partition(" at org.apache.")[0]
    return f"{cause.getClass().getSimpleName()}: {text}".removesuffix(": ")


def plain_errors(place: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Call into Java; its exceptions become an InputError that begins with the place, or URI.

    It ends with the cure where it is plain what the place suffers from.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark.errors.exceptions.captured import CapturedException

    try:
        return call(*arguments)
    except (Py4JJavaError, CapturedException) as error:
        said = java_message(error)
        cure = _cure(said, _OF_PLACES)
        raise InputError(f"{place}: {said}" + (f"; {cure}" if cure else "")) from None
