"""Which Java each version of Spark runs on, and the Java that set-up recorded.

Set-up imports this before anything is installed: it needs only the standard library.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

SUPPORTED: Final = {"3.5": (11, 17), "4.1": (17, 21)}
"""The Javas of Spark's documentation on which this suite runs too.

Spark 3.5 names 8 as well, but `hadoop_streams.py` calls readNBytes, which came with Java 11. It
starts on 21, but its Arrow 12 fails there (https://github.com/apache/arrow/issues/40287). On
Dataproc, image 2.3 has Spark 3.5 on Java 11, image 3.0 has Spark 4.1 on Java 21.
"""


def supported_javas(spark_version: str) -> tuple[int, ...]:
    """Return the Javas for a version such as `3.5` or `4.1.2`, those of Spark 4.1 if unknown."""
    return SUPPORTED.get(".".join(spark_version.split(".")[:2]), SUPPORTED["4.1"])


def describe_javas(spark_version: str) -> str:
    """Return the same in words.

    >>> describe_javas("4.1.2")
    'Java 17 or 21'
    """
    return f"Java {' or '.join(map(str, supported_javas(spark_version)))}"


def use_recorded_java() -> None:
    """Set JAVA_HOME to the Java that set-up recorded for this Python, unless it holds a Java.

    `scripts/find_java.py` writes the record: the first line of `<sys.prefix>/java_home`.
    """
    record = Path(sys.prefix, "java_home")
    if not _holds_java(os.environ.get("JAVA_HOME", "")) and record.exists():
        recorded = record.read_text(encoding="utf-8").partition("\n")[0]
        if _holds_java(recorded):
            os.environ["JAVA_HOME"] = recorded


def _holds_java(home: str) -> bool:
    return bool(home) and Path(home, "bin", "java").exists()
