"""Calls into the JVM, and the memory that it frees when asked."""

from __future__ import annotations

import time

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from movierec.spark.jvm import call_static, free_unreferenced
from tests.support.gates import SECONDS


def test_static_methods_return_text_or_none(spark: SparkSession) -> None:
    calls = [("java.lang.System", "getProperty", name) for name in ("file.separator", "none")]
    assert call_static(spark, *calls) == ["/", None]


def test_an_unknown_method_raises(spark: SparkSession) -> None:
    with pytest.raises(PySparkException):
        call_static(spark, ("java.lang.System", "noSuchMethod"))


def test_cached_blocks_are_freed_once_nothing_refers_to_them(spark: SparkSession) -> None:
    def cached_rdds() -> set[int]:
        return {one.id() for one in spark.sparkContext._jsc.sc().getRDDStorageInfo()}

    before = cached_rdds()
    frame = spark.range(3).localCheckpoint()
    (cached,) = cached_rdds() - before
    free_unreferenced(spark)
    assert cached in cached_rdds()
    del frame
    free_unreferenced(spark)
    deadline = time.monotonic() + SECONDS
    while cached in cached_rdds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
