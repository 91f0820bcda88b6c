"""Java, Spark and BLAS, before a job needs them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from movierec.doctor.java import ask_java, check_blas, check_spark, java_of, judge_java
from movierec.errors import InputError
from movierec.spark.session import Session


def java(specification: str, *, bits: str = "64") -> dict[str, str]:
    return {
        "java.specification.version": specification,
        "java.version": f"{specification}.0.1",
        "sun.arch.data.model": bits,
        "java.home": "/opt/java",
    }


@pytest.mark.parametrize(
    ("specification", "spark", "state"),
    [
        ("17", "4.1.2", "ok"),
        ("21", "4.1.2", "ok"),
        ("11", "4.1.2", "error"),
        ("1.8", "4.0.0", "error"),
        ("25", "4.1.2", "warning"),
        ("1.8", "3.5.3", "error"),
        ("11", "3.5.3", "ok"),
        ("17", "3.5.3", "ok"),
        ("21", "3.5.3", "warning"),
        ("17", "5.0.0", "ok"),
    ],
)
def test_spark_runs_on_some_javas(specification: str, spark: str, state: str) -> None:
    finding = judge_java(java(specification), spark_version=spark)
    assert finding.state == state
    assert finding.found.startswith(f"Java {specification}.0.1, 64 bit, in /opt/java")
    assert bool(finding.cure) == (state != "ok")


def test_the_cure_names_the_javas_that_do() -> None:
    assert judge_java(java("11"), spark_version="4.1.2").cure.startswith("install Java 17 or 21, ")
    assert "Java 11 or 17" in judge_java(java("21"), spark_version="3.5.3").cure


def test_a_java_of_32_bit_is_none() -> None:
    assert judge_java(java("17", bits="32"), spark_version="4.1.2").state == "error"


def test_the_java_that_spark_would_start_is_the_one_that_it_runs_on(spark: SparkSession) -> None:
    asked, running = ask_java(spark_version=spark.version), java_of(spark)
    assert {name: asked[name] for name in running} == running
    assert judge_java(running, spark_version=spark.version).state == "ok"


def test_a_java_home_without_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(InputError, match=re.escape(f"JAVA_HOME {tmp_path} holds no java that")):
        ask_java(spark_version="4.1.2")
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"there is no java on PATH, .*; install Java 17 or 21 "):
        ask_java(spark_version="4.1.2")


def test_spark_says_where_it_runs(session: Session, spark: SparkSession) -> None:
    finding = check_spark(session)
    assert finding.found == f"Spark {spark.version} on local[1], cores: 1"


def test_blas_is_told_with_the_cure_where_it_is_missing(spark: SparkSession) -> None:
    finding = check_blas(spark)
    if finding.state == "ok":
        assert finding.found.startswith("ALS uses native BLAS")
        assert not finding.cure
    else:
        assert finding.found == "no native BLAS, ALS takes longer"
        assert "libopenblas0" in finding.cure
