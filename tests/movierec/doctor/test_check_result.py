"""Results of checks as people read them, and checks that raise."""

import pytest

from movierec.doctor.check_result import CheckResult, run_check, skipped
from movierec.errors import InputError


def test_a_fix_has_a_line_of_its_own():
    assert CheckResult("java", "ok", "Java 17").lines() == ["ok       java         Java 17"]
    assert CheckResult("disk", "error", "1 GB free", "make room").lines() == [
        "error    disk         1 GB free",
        "                      fix: make room",
    ]


@pytest.mark.parametrize(
    ("error", "found", "fix"),
    [
        (
            InputError("a.zip: cut off; odd; fetch it again"),
            "a.zip: cut off; odd",
            "fetch it again",
        ),
        (
            InputError("hdfs://x: ConnectException: refused; For more details see: y"),
            "hdfs://x: ConnectException: refused; For more details see: y",
            "buy one",
        ),
        (ImportError("no pandas; sorry\nand more"), "ImportError: no pandas; sorry", "buy one"),
        (ValueError(), "ValueError", "buy one"),
    ],
)
def test_a_check_that_raises_is_an_error_with_a_fix(error, found, fix):
    def check():
        raise error

    assert run_check("disk", check, fix="buy one") == CheckResult("disk", "error", found, fix)


def test_of_a_worker_s_traceback_the_last_line_is_shown(spark):
    def broken(batches):
        raise OSError("no such wheel")

    def check():
        spark.range(1).mapInPandas(broken, "id long").collect()
        raise AssertionError

    result = run_check("workers", check, fix="install it")
    assert result.found.endswith("Exception: OSError: no such wheel")
    assert (result.state, result.fix) == ("error", "install it")


def test_skipped_checks_are_a_warning():
    result = skipped(("memory", "disk"), because="Spark does not run")
    assert result.state == "warning"
    assert result.found == "not checked, as Spark does not run: memory, disk"
