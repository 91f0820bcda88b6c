"""Checks of Java, of Spark's start, and of the native BLAS."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from movierec.doctor.check_result import CheckResult
from movierec.errors import InputError
from movierec.spark import blas, java_versions
from movierec.spark.jvm import call_static
from movierec.spark.session import Session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_BITS: Final = "sun.arch.data.model"
_PROPERTIES: Final = ("java.specification.version", "java.version", _BITS, "java.home")


def probe_java(*, spark_version: str) -> dict[str, str]:
    """Return the properties of the Java that Spark would start: JAVA_HOME's, else the PATH's.

    Raises InputError, with a fix for this version of Spark, if there is none or it does not run.
    """
    java_versions.use_recorded_java()
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    location = f"JAVA_HOME {home}" if home else "PATH"
    javas = java_versions.describe_javas(spark_version)
    fix = f"install {javas} and set JAVA_HOME to it, or unset JAVA_HOME and run `make setup`"
    if java is None:
        raise InputError(f"there is no java on PATH, and JAVA_HOME is not set; {fix}")
    try:
        return java_versions.read_properties(java)
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(f"{location} holds no java that runs ({error}); {fix}") from None


def java_properties(spark: SparkSession) -> dict[str, str]:
    """Return the properties of the Java that runs Spark's driver."""
    values = call_static(spark, *(("java.lang.System", "getProperty", one) for one in _PROPERTIES))
    return dict(zip(_PROPERTIES, map(str, values), strict=True))


def check_java(java: Mapping[str, str], *, spark_version: str) -> CheckResult:
    """Check that this version of Spark runs on the Java with these properties."""
    supported = java_versions.supported_javas(spark_version)
    version = java_versions.feature_version(java)
    found = f"Java {java['java.version']}, {java[_BITS]} bit, in {java['java.home']}"
    fix = f"install {java_versions.describe_javas(spark_version)}, 64 bit, and set JAVA_HOME to it"
    if java[_BITS] != "64":
        return CheckResult("java", "error", f"{found}: its heap is limited to 2 or 4 GB", fix)
    if version in supported:
        return CheckResult("java", "ok", found)
    if version < min(supported):
        return CheckResult("java", "error", f"{found}: too old for Spark {spark_version}", fix)
    return CheckResult("java", "warning", f"{found}: not supported for Spark {spark_version}", fix)


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
