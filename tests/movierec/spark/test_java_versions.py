"""Which Java fits which Spark, and the Java that set-up recorded."""

import os
import subprocess
import sys

import pytest

from movierec.spark.java_versions import use_recorded_java
from tests.support.paths import ROOT


def test_set_up_imports_the_table_before_anything_is_installed():
    code = "import movierec.spark.java_versions as table; print(table.SUPPORTED['4.1'])"
    # -I -S: neither the environment nor site-packages
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append('src'); {code}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "(17, 21)\n"


def java_home(folder):
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch()
    return str(folder)


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """An environment, without JAVA_HOME, in which set-up recorded a Java."""
    recorded = java_home(tmp_path / "recorded")
    (tmp_path / "java_home").write_text(f"{recorded}\n/what/the/user/had\n", encoding="utf-8")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", "")
    return tmp_path


@pytest.mark.parametrize("unusable", ["", "/no/such/java"])
def test_the_recorded_java_is_used_if_java_home_holds_no_java(environment, monkeypatch, unusable):
    monkeypatch.setenv("JAVA_HOME", unusable)
    use_recorded_java()
    assert os.environ["JAVA_HOME"] == str(environment / "recorded")


def test_a_java_home_that_holds_a_java_is_kept(environment, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", java_home(environment / "own"))
    use_recorded_java()
    assert os.environ["JAVA_HOME"] == str(environment / "own")


def test_without_a_usable_record_nothing_changes(environment):
    (environment / "recorded" / "bin" / "java").unlink()
    use_recorded_java()
    assert os.environ["JAVA_HOME"] == ""
    (environment / "java_home").unlink()
    use_recorded_java()
    assert os.environ["JAVA_HOME"] == ""
