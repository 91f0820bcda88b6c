"""Java, Spark and BLAS, before a job needs them."""

import re
import sys

import pytest

from movierec.doctor.java import check_blas, check_java, check_spark, java_properties, probe_java
from movierec.errors import InputError


def java(specification, *, bits="64"):
    return {
        "java.specification.version": specification,
        "java.version": f"{specification}.0.1",
        "sun.arch.data.model": bits,
        "java.home": "/opt/java",
    }


# by state: Javas and Sparks
JAVAS = {
    "ok": ("17 4.1.2", "21 4.1.2", "11 3.5.3", "25 4.2.1", "17 5.0.0"),
    "warning": ("25 4.1.2", "21 3.5.3", "25 5.0.0"),
    "error": ("11 4.1.2", "1.8 3.5.3"),
}


@pytest.mark.parametrize("state", JAVAS)
def test_spark_runs_on_some_javas(state):
    for one in JAVAS[state]:
        specification, spark = one.split()
        result = check_java(java(specification), spark_version=spark)
        assert (result.state, bool(result.fix)) == (state, state != "ok"), one
        assert result.found.startswith(f"Java {specification}.0.1, 64 bit, in /opt/java")


def test_a_java_of_32_bit_is_an_error_and_the_fix_names_the_supported_javas():
    result = check_java(java("17", bits="32"), spark_version="4.1.2")
    assert result.state == "error"
    assert result.fix.startswith("install Java 17 or 21, ")
    assert "Java 11 or 17" in check_java(java("21"), spark_version="3.5.3").fix


def test_the_java_that_spark_would_start_is_the_one_that_it_runs_on(session, spark):
    where = f"Spark {spark.version} on local[1], cores: 1"
    assert check_spark(session).found == where
    asked, running = probe_java(spark_version=spark.version), java_properties(spark)
    assert {name: asked[name] for name in running} == running
    assert check_java(running, spark_version=spark.version).state == "ok"


def test_a_java_home_without_java(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))  # no Java is recorded there
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(InputError, match=re.escape(f"JAVA_HOME {tmp_path} holds no java that")):
        probe_java(spark_version="4.1.2")
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"there is no java on PATH, .*; install Java 17 or 21 "):
        probe_java(spark_version="4.1.2")


def test_a_missing_blas_is_a_warning_with_the_fix(spark):
    result = check_blas(spark)
    missing = result.found == "no native BLAS, ALS takes longer"
    assert missing or result.found.startswith("ALS uses native BLAS")
    assert (result.state, "libopenblas0" in result.fix) == ("warning" if missing else "ok", missing)
