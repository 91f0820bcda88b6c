"""Errors of Java as messages that a user can read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from movierec.errors import InputError

ALLOW_WRITE: Final = "let this account read and write there"
_Fixes = tuple[tuple[str, str], ...]
_REBUILD: Final = "make the result that it belongs to again, with FORCE=1 (--force)"
# failures of a disk or file system: a pattern of Java's class and message, and the fix
_STORAGE_FIXES: Final[_Fixes] = (
    (
        r"No space left on device|DiskOutOfSpace|QuotaExceeded|quota exceeded",
        "make room, there or in spark.local.dir",
    ),
    (r"Read-only file system", "give a workspace that can be written to"),
    (r"AccessControlException|Permission denied|Mkdirs failed", ALLOW_WRITE),
    (r"SafeModeException|is in safe mode", "wait for HDFS: hdfs dfsadmin -safemode get"),
    (
        r"BlockMissingException|Could not obtain block|could only be written to 0 of the",
        "start HDFS's DataNodes: hdfs dfsadmin -report",
    ),
)
_RESULT_FIXES: Final[_Fixes] = (
    (r"ChecksumException", _REBUILD),
    (r"FileNotFoundException|File does not exist", _REBUILD),
    (r"is not a Parquet file|ParquetDecodingException|could not read footer", _REBUILD),
)


def java_message(error: Any) -> str:
    """Return the class and message of a Java error, by py4j or by PySpark, in one line."""
    return _one_line(_exception(error))


def storage_fault(error: BaseException) -> InputError | None:
    """Return what went wrong with a file and the fix, in one line; None for any other failure.

    Spark's own exceptions only say that a task failed; their causes say why.
    """
    for cause in _causes(error):
        message = _one_line(cause)
        fix = _find_fix(message, (*_STORAGE_FIXES, *_RESULT_FIXES))
        if fix is not None:
            return InputError(f"{message}; {fix}")
    return None


def _find_fix(message: str, fixes: _Fixes) -> str | None:
    found = (fix for pattern, fix in fixes if re.search(pattern, message, re.IGNORECASE))
    return next(found, None)


def _exception(error: Any) -> Any:
    """Return the Java exception behind a Python one."""
    return error._origin if hasattr(error, "_origin") else error.java_exception


def _causes(error: Any) -> Iterator[Any]:
    """Yield the Java exceptions behind a Python one, if any, the deepest cause first."""
    found: list[Any] = []
    cause = getattr(error, "_origin", None) or getattr(error, "java_exception", None)
    while cause is not None and len(found) < 20:
        found.append(cause)
        cause = cause.getCause()
    yield from reversed(found)


def _one_line(cause: Any) -> str:
    # answers of HDFS hold its server's stack trace
    text = " ".join(str(cause.getMessage() or "").split()).partition(" at org.apache.")[0]
    return f"{cause.getClass().getSimpleName()}: {text}".removesuffix(": ")


def call_java(place: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Call into Java; its exceptions become an InputError that begins with `place`, mostly a URI.

    The message ends with the fix if it is known.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark.errors.exceptions.captured import CapturedException

    try:
        return call(*arguments)
    except (Py4JJavaError, CapturedException) as error:
        raise input_error(place, java_message(error)) from None


def input_error(place: str, message: str) -> InputError:
    """Return the error for a message of Java or the system about a place, with the fix if known."""
    fix = _find_fix(message, _STORAGE_FIXES)
    return InputError(f"{place}: {message}" + (f"; {fix}" if fix else ""))
