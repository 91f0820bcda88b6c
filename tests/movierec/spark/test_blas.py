"""Native BLAS: which library is chosen, and that Spark's own word is believed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from movierec.errors import InputError
from movierec.spark import blas

ASK = (
    "from movierec.session import Session; from movierec import native_blas;"
    "session = Session('blas', overrides={'spark.driver.memory': '1g'});"
    "print(native_blas.told(session())); session.stop()"
)


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(blas.CHOICE, raising=False)


def test_the_first_place_with_a_library_is_taken(tmp_path: Path) -> None:
    for name in ("b/libopenblas.so.0", "c/libmkl_rt.so.2", "a b/libopenblas.so.0"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    places = [
        (tmp_path / "nowhere", "*.so"),
        (tmp_path, "a*/libopenblas.so.0"),
        (tmp_path / "c", "libmkl_rt.so.*"),
        (tmp_path / "b", "libopenblas.so.0"),
    ]
    # Java would take what stands behind the space for another option
    assert blas.find_library(places) == tmp_path / "c/libmkl_rt.so.2"
    assert blas.find_library(places[:2]) is None


def test_the_environment_chooses_a_library_or_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(blas.CHOICE, str(tmp_path / "mine.so"))
    assert blas.find_library() == tmp_path / "mine.so"
    monkeypatch.setenv(blas.CHOICE, "off")
    assert blas.find_library() == Path(os.devnull)
    monkeypatch.setenv(blas.CHOICE, "/my libraries/blas.so")
    with pytest.raises(InputError, match=r"has a space; link to it from a path without$"):
        blas.find_library()


def found(choice: str | None) -> str:
    environment = {
        name: value for name, value in os.environ.items() if "PYSPARK_GATEWAY" not in name
    }
    if choice is not None:
        environment[blas.CHOICE] = choice
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_without_a_library_there_is_a_warning_with_the_cure() -> None:
    line = found("off")
    assert line.startswith("warning: no native BLAS")
    assert "libopenblas0" in line


def test_a_library_that_is_there_is_used() -> None:
    library = blas.find_library()
    if library is None:
        pytest.skip("no OpenBLAS or MKL here; on Debian, apt-get install libopenblas0")
    assert found(None) == f"ALS uses native BLAS, {library.name}"
