"""Native linear algebra for ALS: finds OpenBLAS or MKL, and tells whether Spark uses one.

Spark's ALS adds one rank-1 matrix a rating by BLAS and solves one system a user by LAPACK. Its
jars bring the bindings for a native library, but look for it under names that few machines have.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from movierec.errors import InputError
from movierec.spark.jvm import ask_jvm

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CHOICE: Final = "MOVIEREC_BLAS"
"""Environment variable: the path of a library, or `off`."""
ONE_THREAD: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MKL_THREADING_LAYER": "SEQUENTIAL",
}
"""Spark's tasks already take every core; threads inside of them only wait for each other."""

# MKL first: at rank 64 its rank-1 update and its solver take half of OpenBLAS's time.
_PLACES: Final = (
    (Path(sys.prefix), "lib/libmkl_rt.so.*"),
    (Path("/opt/intel/oneapi/mkl/latest/lib"), "**/libmkl_rt.so.*"),
    (Path("/usr/lib"), "*-linux-gnu*/libopenblas.so.0"),
    (Path("/usr/lib64"), "libopenblas.so.0"),
    (Path("/opt/homebrew/opt/openblas/lib"), "libopenblas.dylib"),
    (Path("/usr/local/opt/openblas/lib"), "libopenblas.dylib"),
    (Path(sys.prefix), "lib/libopenblas.so.0"),
)
_BINDINGS: Final = ("blas", "lapack")
_PATH: Final = "dev.ludovic.netlib.{}.nativeLibPath"
_MISSING: Final = "no native BLAS, ALS takes longer"
_CURE: Final = (
    "install OpenBLAS (Debian, Ubuntu: libopenblas0; Fedora, Homebrew: openblas) or MKL "
    f"(`make mkl`), or set {CHOICE} to the path of a library"
)


def find_library(places: Iterable[tuple[Path, str]] = _PLACES) -> Path | None:
    """Return the library that MOVIEREC_BLAS names, else the first found, else None.

    `places` are directories and patterns below them, the best first. Where MOVIEREC_BLAS is `off`
    the path is of a file that is no library: without any, the bindings would still try the
    system's libblas.so.3. Raises InputError for a path with a space, at which Java options are
    split.
    """
    choice = os.environ.get(CHOICE)
    if choice is not None:
        if " " in choice:
            raise InputError(f"{CHOICE}: {choice!r} has a space; link to it from a path without")
        return Path(os.devnull if choice == "off" else choice)
    found = (library for place, pattern in places for library in sorted(place.glob(pattern)))
    return next((library for library in found if " " not in str(library)), None)


def java_options(library: Path) -> str:
    """Return the options that make a JVM's Spark load the library."""
    return " ".join(f"-D{_PATH.format(name)}={library}" for name in _BINDINGS)


def library_in_use(spark: SparkSession) -> str | None:
    """Return the name of the library that the JVM uses for BLAS and LAPACK, None without one."""
    *instances, path = ask_jvm(
        spark,
        *((f"dev.ludovic.netlib.{name}.{name.upper()}", "getInstance") for name in _BINDINGS),
        ("java.lang.System", "getProperty", _PATH.format("blas")),
    )
    # an object's default text, such as dev.ludovic.netlib.blas.JNIBLAS@1f2e
    if not all(".JNI" in str(instance) for instance in instances):
        return None
    return Path(path).name if path else "the system's"


def finding(spark: SparkSession) -> tuple[str, str]:
    """Return whether ALS uses a native library, and where it does not, the cure."""
    library = library_in_use(spark)
    return (f"ALS uses native BLAS, {library}", "") if library else (_MISSING, _CURE)


def told(spark: SparkSession) -> str:
    """Return the same in one line for the log."""
    found, cure = finding(spark)
    return f"warning: {found}; {cure}" if cure else found
