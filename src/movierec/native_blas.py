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
    return " ".join(f"-Ddev.ludovic.netlib.{name}.nativeLibPath={library}" for name in _BINDINGS)


def is_used(spark: SparkSession) -> bool:
    """Tell whether the JVM uses native libraries for BLAS and LAPACK."""
    calls = ", ".join(
        f"java_method('dev.ludovic.netlib.{name}.{name.upper()}', 'getInstance')"
        for name in _BINDINGS
    )
    row = spark.sql(f"SELECT {calls}").first()
    assert row is not None  # a query without FROM has one row
    # an object's default text, such as dev.ludovic.netlib.blas.JNIBLAS@1f2e
    return all(".JNI" in instance for instance in row)


def finding(spark: SparkSession) -> str:
    """Return one line for the log: native or not, and then the cure."""
    if is_used(spark):
        library = find_library()
        return f"ALS uses native BLAS{f', {library.name}' if library else ''}"
    return (
        "warning: no native BLAS, ALS takes longer; install OpenBLAS (Debian, "
        "Ubuntu: libopenblas0; Fedora, Homebrew: openblas) or MKL (`make mkl`), or set "
        f"{CHOICE} to the path of a library"
    )
