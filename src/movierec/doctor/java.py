"""Whether there is a Java that Spark runs on, a Spark that starts, and a native BLAS."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from movierec.doctor.check_result import Finding
from movierec.errors import InputError
from movierec.spark import blas
from movierec.spark.jvm import ask_jvm
from movierec.spark.session import Session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SPECIFICATION: Final = "java.specification.version"
VERSION: Final = "java.version"
BITS: Final = "sun.arch.data.model"
HOME: Final = "java.home"
_PROPERTIES: Final = (SPECIFICATION, VERSION, BITS, HOME)
_SUPPORTED: Final = {"3": (11, 17), "4": (17, 21)}
"""The Javas that Spark's own documentation names and this suite runs on, by Spark's version."""
_SECONDS: Final = 30


def ask_java(*, spark_version: str) -> dict[str, str]:
    """Return the properties of the Java that Spark would start: JAVA_HOME's, else the PATH's.

    Raises InputError, whose cure is for this version of Spark, where none is there or runs.
    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    place = f"JAVA_HOME {home}" if home else "PATH"
    wanted = _wanted(spark_version)
    cure = f"install {wanted} and set JAVA_HOME to it, or unset JAVA_HOME and run `make setup`"
    if java is None:
        raise InputError(f"there is no java on PATH, and JAVA_HOME is not set; {cure}")
    command = [java, "-XshowSettings:properties", "-version"]
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=True, timeout=_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(f"{place} holds no java that runs ({error}); {cure}") from None
    return dict(re.findall(r"^\s+([\w.]+) = (.*?)\s*$", ran.stderr, re.MULTILINE))


def java_of(spark: SparkSession) -> dict[str, str]:
    """Return the properties of the Java that runs Spark's driver."""
    said = ask_jvm(spark, *(("java.lang.System", "getProperty", one) for one in _PROPERTIES))
    return dict(zip(_PROPERTIES, map(str, said), strict=True))


def judge_java(java: Mapping[str, str], *, spark_version: str) -> Finding:
    """Return whether Spark of this version runs on the Java of these properties."""
    supported = _supported(spark_version)
    version = int(java[SPECIFICATION].removeprefix("1."))
    found = f"Java {java[VERSION]}, {java[BITS]} bit, in {java[HOME]}"
    cure = f"install {_wanted(spark_version)}, 64 bit, and set JAVA_HOME to it"
    if java[BITS] != "64":
        return Finding("java", "error", f"{found}: its heap ends at 2 GB or 4", cure)
    if version in supported:
        return Finding("java", "ok", found)
    fault = "too old" if version < min(supported) else "not one that it supports"
    return Finding(
        "java",
        "error" if version < min(supported) else "warning",
        f"{found}: {fault} for Spark {spark_version}",
        cure,
    )


def check_spark(session: Session) -> Finding:
    """Start Spark and return where it runs. Raises InputError where it does not start."""
    spark = session()
    context = spark.sparkContext
    cores = context.defaultParallelism
    return Finding("spark", "ok", f"Spark {spark.version} on {context.master}, cores: {cores}")


def check_blas(spark: SparkSession) -> Finding:
    """Return whether ALS uses native BLAS on the driver's machine."""
    found, cure = blas.finding(spark)
    return Finding("blas", "warning" if cure else "ok", found, cure)


def _supported(spark_version: str) -> tuple[int, ...]:
    return _SUPPORTED.get(spark_version.partition(".")[0], _SUPPORTED["4"])


def _wanted(spark_version: str) -> str:
    *others, last = map(str, _supported(spark_version))
    return f"Java {', '.join(others)} or {last}"
