"""Findings: what people read of them, and that a check which fails is one too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import SparkSession

from movierec.doctor.check_result import Finding, guarded, not_looked_at
from movierec.errors import InputError


def found_by(error: Exception) -> Finding:
    def check() -> Finding:
        raise error

    return guarded("disk", check, cure="buy one")


def test_a_cure_has_a_line_of_its_own() -> None:
    assert Finding("java", "ok", "Java 17").lines() == ["ok       java         Java 17"]
    assert Finding("disk", "error", "1 GB free", "make room").lines() == [
        "error    disk         1 GB free",
        "                      cure: make room",
    ]


def test_what_a_check_finds_is_returned() -> None:
    good = Finding("disk", "ok", "9 GB free")
    assert guarded("disk", lambda: good, cure="buy one") is good


@pytest.mark.parametrize(
    ("error", "found", "cure"),
    [
        (
            InputError("a.zip: cut off; odd; fetch it again"),
            "a.zip: cut off; odd",
            "fetch it again",
        ),
        (InputError("a.zip: cannot be read"), "a.zip: cannot be read", "buy one"),
        (
            InputError("hdfs://x: ConnectException: refused; For more details see: y"),
            "hdfs://x: ConnectException: refused; For more details see: y",
            "buy one",
        ),
        (ImportError("no pandas; sorry\nand more"), "ImportError: no pandas; sorry", "buy one"),
        (ValueError(), "ValueError", "buy one"),
    ],
)
def test_a_check_that_fails_is_an_error_with_a_cure(
    error: Exception, found: str, cure: str
) -> None:
    assert found_by(error) == Finding("disk", "error", found, cure)


def test_of_a_worker_s_trace_the_end_is_told(spark: SparkSession) -> None:
    def broken(batches):
        raise OSError("no such wheel")

    def check() -> Finding:
        spark.range(1).mapInPandas(broken, "id long").collect()
        raise AssertionError

    finding = guarded("workers", check, cure="mend it")
    assert finding.found.endswith("Exception: OSError: no such wheel")
    assert (finding.state, finding.cure) == ("error", "mend it")


def test_a_place_that_takes_no_files_is_told_by_its_name(spark: SparkSession) -> None:
    write: Callable[[], None] = lambda: spark.range(1).write.parquet("file:///proc/x")  # noqa: E731
    finding = guarded("workspace", write, cure="write elsewhere")  # type: ignore[arg-type]
    assert "/proc/x" in finding.found
    assert finding.state == "error"


def test_what_was_not_looked_at_is_a_warning() -> None:
    finding = not_looked_at(("memory", "disk"), because="Spark does not run")
    assert finding.state == "warning"
    assert finding.found == "not looked at, as Spark does not run: memory, disk"
