"""Native BLAS: which library is chosen, and which one Spark reports."""

import os
import sys
from pathlib import Path

import pytest

from movierec.errors import InputError
from movierec.spark import blas
from tests.support.processes import run_process

ASK = (
    "from movierec.spark.session import Session; from movierec.spark import blas;"
    "session = Session('blas', overrides={'spark.driver.memory': '1g'});"
    "print(blas.describe(session())); session.stop()"
)


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch):
    for name in (blas.LIBRARY_VARIABLE, "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"):
        monkeypatch.delenv(name, raising=False)


def test_the_first_location_with_a_library_is_taken(tmp_path):
    for name in ("b/libopenblas.so.0", "c/libmkl_rt.so.2", "a b/libopenblas.so.0"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    locations = [
        (tmp_path / "nowhere", "*.so"),
        (tmp_path, "a*/libopenblas.so.0"),
        (tmp_path / "c", "libmkl_rt.so.*"),
        (tmp_path / "b", "libopenblas.so.0"),
    ]
    # Java would read the text after the space as another option
    assert blas.find_library(locations) == tmp_path / "c/libmkl_rt.so.2"
    assert blas.find_library(locations[:2]) is None


def test_the_environment_chooses_a_library_or_none(monkeypatch, tmp_path):
    monkeypatch.setenv(blas.LIBRARY_VARIABLE, str(tmp_path / "mine.so"))
    assert blas.find_library() == tmp_path / "mine.so"
    monkeypatch.setenv(blas.LIBRARY_VARIABLE, "off")
    assert blas.find_library() == Path(os.devnull)
    monkeypatch.setenv(blas.LIBRARY_VARIABLE, "/my libraries/blas.so")
    with pytest.raises(InputError, match=r"has a space; link to it from a path without$"):
        blas.find_library()


def found(choice):
    chosen = {} if choice is None else {blas.LIBRARY_VARIABLE: choice}
    done = run_process(sys.executable, "-c", ASK, **chosen)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_without_a_library_there_is_a_warning_with_the_fix():
    line = found("off")
    assert line.startswith("warning: no native BLAS")
    assert "libopenblas0" in line


def test_an_installed_library_is_used():
    library = blas.find_library()
    if library is None:
        pytest.skip("no OpenBLAS or MKL here; on Debian, apt-get install libopenblas0")
    assert found(None) == f"ALS uses native BLAS, {library.name}"
