"""Checks that raise."""

import pytest

from movierec.doctor.check_result import CheckResult, run_check
from movierec.errors import InputError


@pytest.mark.parametrize(
    ("error", "found", "fix"),
    [
        (InputError("a.zip: cut off; odd; repair it"), "a.zip: cut off; odd", "repair it"),
        (
            InputError("hdfs://x: ConnectException: refused; For more see: y"),
            *("hdfs://x: ConnectException: refused; For more see: y", "buy one"),
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
