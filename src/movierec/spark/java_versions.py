"""Which Java each version of Spark runs on, what a Java is, and the one that set-up recorded.

Set-up imports this before anything is installed: it needs only the standard library.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SUPPORTED: Final = {"3.5": (11, 17), "4.0": (17, 21), "4.1": (17, 21), "4.2": (17, 21, 25)}
"""The Javas of Spark's documentation on which this suite runs too.

Spark 3.5 names 8 as well, which is not tested. It starts on 21, but its Arrow 12 fails there
(https://github.com/apache/arrow/issues/40287). On Dataproc, image 2.3 has Spark 3.5 on Java 11,
image 3.0 has Spark 4.1 on Java 21, image 4.0 has Spark 4.2 on Java 25. CI runs 3.5 and 4.1.
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


def read_properties(java: str | Path) -> dict[str, str]:
    """Run a `java` and return its system properties.

    Raises OSError or SubprocessError if it does not run or needs more than 30 s.
    """
    # macOS's /usr/bin/java starts the Java that JAVA_HOME names
    environment = {key: value for key, value in os.environ.items() if key != "JAVA_HOME"}
    ran = subprocess.run(
        [java, "-XshowSettings:properties", "-version"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
        timeout=30,
    )
    return dict(re.findall(r"^\s+([\w.]+) = (.*?)\s*$", ran.stderr, re.MULTILINE))


def feature_version(properties: Mapping[str, str]) -> int:
    """Return a Java's version, such as 17, from its system properties; KeyError without it.

    >>> feature_version({"java.specification.version": "1.8"})
    8
    """
    return int(properties["java.specification.version"].removeprefix("1."))


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
