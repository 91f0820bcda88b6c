"""The JVM's peak is Linux's count of it, and is counted anew for every stage."""

from __future__ import annotations

import sys

import pytest
from pyspark.sql import SparkSession

from movierec.memory import PeakMemory
from movierec.session import Session

MIB = 1 << 20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone counts it")


def hold(spark: SparkSession, mib: int) -> None:
    """Have the JVM hold so much for a moment."""
    assert spark.sql(f"SELECT length(repeat('x', {mib * MIB}))").first() == (mib * MIB,)


def test_the_peak_is_that_of_the_jvm_and_not_of_what_went_before(
    session: Session, spark: SparkSession
) -> None:
    before = PeakMemory(session)
    hold(spark, 200)
    high = before.measured(spark)
    assert high is not None
    assert 200 * MIB < high < 8_000 * MIB
    spark.sparkContext._jvm.System.gc()  # type: ignore[union-attr]
    after = PeakMemory(session)
    low = after.measured(spark)
    assert low is not None
    assert low <= high
    assert before.measured(spark) == after.measured(spark)


def test_a_session_that_does_not_run_is_not_started() -> None:
    session = Session("unused")
    PeakMemory(session)
    assert not session.started


def test_a_system_that_does_not_tell_is_unknown(
    session: Session, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr("movierec.memory._PROC", tmp_path)
    assert PeakMemory(session).measured(spark) is None
