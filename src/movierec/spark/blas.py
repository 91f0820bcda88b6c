"""Native linear algebra for ALS: finds OpenBLAS or MKL, and checks whether Spark uses one.

Spark's ALS adds one rank-1 matrix per rating by BLAS and solves one system per user by LAPACK. Its
jars hold the bindings for a native library, but look for it under names that few machines have.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from movierec.errors import InputError
from movierec.spark.jvm import call_static

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LIBRARY_VARIABLE: Final = "MOVIEREC_BLAS"
"""Environment variable: the path of a library, or `off`."""
ONE_THREAD: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MKL_THREADING_LAYER": "SEQUENTIAL",
}
"""Spark's tasks already use every core; threads within a task would only wait for each other."""

# MKL first: at rank 64 its rank-1 update and its solver take half the time of OpenBLAS.
_LOCATIONS: Final = (
    (Path(sys.prefix), "lib/libmkl_rt.so.*"),
    (Path("/opt/intel/oneapi/mkl/latest/lib"), "**/libmkl_rt.so.*"),
    (Path("/usr/lib"), "*-linux-gnu*/libopenblas.so.0"),
    (Path("/usr/lib64"), "libopenblas.so.0"),
    (Path("/opt/homebrew/opt/openblas/lib"), "libopenblas.dylib"),
    (Path("/usr/local/opt/openblas/lib"), "libopenblas.dylib"),
    (Path(sys.prefix), "lib/libopenblas.so.0"),
)
_BINDINGS: Final = ("blas", "lapack")
_PATH_PROPERTY: Final = "dev.ludovic.netlib.{}.nativeLibPath"
_MISSING: Final = "no native BLAS, ALS takes longer"
_FIX: Final = (
    "install OpenBLAS (Debian, Ubuntu: libopenblas0; Fedora, Homebrew: openblas) or MKL "
    f"(`make mkl`), or set {LIBRARY_VARIABLE} to the path of a library"
)


def find_library(locations: Iterable[tuple[Path, str]] = _LOCATIONS) -> Path | None:
    """Return the library that MOVIEREC_BLAS names, else the first found, else None.

    `locations` are directories and patterns below them, the best first. If MOVIEREC_BLAS is `off`,
    returns a path that is no library: without a path the bindings would still try the system's
    libblas.so.3. Raises InputError for a path with a space, as Java options are split at spaces.
    """
    choice = os.environ.get(LIBRARY_VARIABLE)
    if choice is not None:
        if " " in choice:
            raise InputError(
                f"{LIBRARY_VARIABLE}: {choice!r} has a space; link to it from a path without"
            )
        return Path(os.devnull if choice == "off" else choice)
    found = (library for folder, pattern in locations for library in sorted(folder.glob(pattern)))
    return next((library for library in found if " " not in str(library)), None)


def java_options(library: Path) -> str:
    """Return the JVM options that make Spark load the library."""
    return " ".join(f"-D{_PATH_PROPERTY.format(name)}={library}" for name in _BINDINGS)


def library_in_use(spark: SparkSession) -> str | None:
    """Return the name of the native library that the JVM uses, None if it uses none."""
    *instances, path = call_static(
        spark,
        *((f"dev.ludovic.netlib.{name}.{name.upper()}", "getInstance") for name in _BINDINGS),
        ("java.lang.System", "getProperty", _PATH_PROPERTY.format("blas")),
    )
    # an object's default text form, such as dev.ludovic.netlib.blas.JNIBLAS@1f2e
    if not all(".JNI" in str(instance) for instance in instances):
        return None
    return Path(path).name if path else "the system's"


def check_library(spark: SparkSession) -> tuple[str, str]:
    """Return whether ALS uses a native library, and how to get one if it does not."""
    library = library_in_use(spark)
    return (f"ALS uses native BLAS, {library}", "") if library else (_MISSING, _FIX)


def describe(spark: SparkSession) -> str:
    """Return the same in one line for the log."""
    found, fix = check_library(spark)
    return f"warning: {found}; {fix}" if fix else found
