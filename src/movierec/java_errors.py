"""What Java says when a call into it fails, as errors a user can read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from movierec.errors import InputError


def java_message(error: Any) -> str:
    """Return in one line the class and message of py4j's Java error, or of PySpark's own of it."""
    cause = error._origin if hasattr(error, "_origin") else error.java_exception
    text = " ".join(str(cause.getMessage() or "").split())
    return f"{cause.getClass().getSimpleName()}: {text}".removesuffix(": ")


def plain_errors(place: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Call into Java; its exceptions become an InputError that begins with the place, or URI."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors.exceptions.captured import CapturedException

    try:
        return call(*arguments)
    except (Py4JJavaError, CapturedException) as error:
        raise InputError(f"{place}: {java_message(error)}") from None
