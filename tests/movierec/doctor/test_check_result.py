"""Results of checks as people read them, and checks that raise."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import SparkSession

from movierec.doctor.check_result import CheckResult, run_check, skipped
from movierec.errors import InputError


def result_of(error: Exception) -> CheckResult:
    def check() -> CheckResult:
        raise error

    return run_check("disk", check, fix="buy one")


def test_a_fix_has_a_line_of_its_own() -> None:
    assert CheckResult("java", "ok", "Java 17").lines() == ["ok       java         Java 17"]
    assert CheckResult("disk", "error", "1 GB free", "make room").lines() == [
        "error    disk         1 GB free",
        "                      fix: make room",
    ]


def test_the_result_of_a_check_is_returned() -> None:
    good = CheckResult("disk", "ok", "9 GB free")
    assert run_check("disk", lambda: good, fix="buy one") is good


@pytest.mark.parametrize(
    ("error", "found", "fix"),
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
def test_a_check_that_raises_is_an_error_with_a_fix(error: Exception, found: str, fix: str) -> None:
    assert result_of(error) == CheckResult("disk", "error", found, fix)


def test_of_a_worker_s_traceback_the_last_line_is_shown(spark: SparkSession) -> None:
    def broken(batches):
        raise OSError("no such wheel")

    def check() -> CheckResult:
        spark.range(1).mapInPandas(broken, "id long").collect()
        raise AssertionError

    result = run_check("workers", check, fix="install it")
    assert result.found.endswith("Exception: OSError: no such wheel")
    assert (result.state, result.fix) == ("error", "install it")


def test_a_place_that_cannot_be_written_to_is_named(spark: SparkSession) -> None:
    write: Callable[[], None] = lambda: spark.range(1).write.parquet("file:///proc/x")  # noqa: E731
    result = run_check("workspace", write, fix="write elsewhere")  # type: ignore[arg-type]
    assert "/proc/x" in result.found
    assert result.state == "error"


def test_skipped_checks_are_a_warning() -> None:
    result = skipped(("memory", "disk"), because="Spark does not run")
    assert result.state == "warning"
    assert result.found == "not checked, as Spark does not run: memory, disk"
