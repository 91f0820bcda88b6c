"""The JVM's peak is the one that Linux counts, and can be reset."""

import subprocess
import sys

import pytest

from movierec.spark.memory import PeakMemory, read_peak, reset_peak

MIB = 1 << 20
BIG = "held = bytearray(b'x' * (300 << 20)); print(len(held)); del held; print(0); input()"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts it")


def test_the_peak_of_the_jvm_is_known(session, spark):
    peak = PeakMemory(session)
    assert spark.sql(f"SELECT length(repeat('x', {200 * MIB}))").first() == (200 * MIB,)
    assert 200 * MIB < peak.measure(spark) < 8_000 * MIB


def test_memory_held_before_a_reset_does_not_count():
    with subprocess.Popen(
        [sys.executable, "-c", BIG], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert [process.stdout.readline() for _ in range(2)] == [f"{300 * MIB}\n", "0\n"]
        pid = str(process.pid)
        high = read_peak(pid)
        assert reset_peak(pid)
        low = read_peak(pid)
        process.communicate("\n")
    assert high > 300 * MIB > 3 * low


def test_a_system_that_does_not_count_it_gives_none(session, spark, monkeypatch, tmp_path):
    monkeypatch.setattr("movierec.spark.memory._PROC", tmp_path)
    assert PeakMemory(session).measure(spark) is None
