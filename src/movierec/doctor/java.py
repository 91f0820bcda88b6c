"""Checks of Java, of Spark's start, and of the native BLAS."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from movierec.doctor.check_result import CheckResult
from movierec.errors import InputError
from movierec.spark import blas
from movierec.spark.java_versions import describe_javas, supported_javas, use_recorded_java
from movierec.spark.jvm import call_static
from movierec.spark.session import Session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SPECIFICATION: Final = "java.specification.version"
VERSION: Final = "java.version"
BITS: Final = "sun.arch.data.model"
HOME: Final = "java.home"
_PROPERTIES: Final = (SPECIFICATION, VERSION, BITS, HOME)
_TIMEOUT: Final = 30
"""Seconds."""


def probe_java(*, spark_version: str) -> dict[str, str]:
    """Return the properties of the Java that Spark would start: JAVA_HOME's, else the PATH's.

    Raises InputError, with a fix for this version of Spark, if there is none or it does not run.
    """
    use_recorded_java()
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    location = f"JAVA_HOME {home}" if home else "PATH"
    javas = describe_javas(spark_version)
    fix = f"install {javas} and set JAVA_HOME to it, or unset JAVA_HOME and run `make setup`"
    if java is None:
        raise InputError(f"there is no java on PATH, and JAVA_HOME is not set; {fix}")
    command = [java, "-XshowSettings:properties", "-version"]
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=True,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(f"{location} holds no java that runs ({error}); {fix}") from None
    return dict(re.findall(r"^\s+([\w.]+) = (.*?)\s*$", ran.stderr, re.MULTILINE))


def java_properties(spark: SparkSession) -> dict[str, str]:
    """Return the properties of the Java that runs Spark's driver."""
    values = call_static(spark, *(("java.lang.System", "getProperty", one) for one in _PROPERTIES))
    return dict(zip(_PROPERTIES, map(str, values), strict=True))


def check_java(java: Mapping[str, str], *, spark_version: str) -> CheckResult:
    """Check that this version of Spark runs on the Java with these properties."""
    supported = supported_javas(spark_version)
    version = int(java[SPECIFICATION].removeprefix("1."))
    found = f"Java {java[VERSION]}, {java[BITS]} bit, in {java[HOME]}"
    fix = f"install {describe_javas(spark_version)}, 64 bit, and set JAVA_HOME to it"
    if java[BITS] != "64":
        return CheckResult("java", "error", f"{found}: its heap is limited to 2 or 4 GB", fix)
    if version in supported:
        return CheckResult("java", "ok", found)
    fault = "too old" if version < min(supported) else "not supported"
    return CheckResult(
        "java",
        "error" if version < min(supported) else "warning",
        f"{found}: {fault} for Spark {spark_version}",
        fix,
    )


def check_spark(session: Session) -> CheckResult:
    """Start Spark and return where it runs. Raises InputError if it does not start."""
    spark = session()
    context = spark.sparkContext
    cores = context.defaultParallelism
    return CheckResult("spark", "ok", f"Spark {spark.version} on {context.master}, cores: {cores}")


def check_blas(spark: SparkSession) -> CheckResult:
    """Check that ALS uses native BLAS on the driver's machine."""
    found, fix = blas.check_library(spark)
    return CheckResult("blas", "warning" if fix else "ok", found, fix)
