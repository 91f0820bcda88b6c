"""What the environment may not do to Spark, and what it can: a line with the fix."""

import os
import pwd
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from movierec.spark.surroundings import clear_environment, environment_fault


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    for name in ("PYSPARK_PYTHON", "JAVA_TOOL_OPTIONS"):
        os.environ.pop(name, None)


def test_what_would_replace_spark_s_start_is_left_out():
    os.environ |= {"SPARK_REMOTE": "sc://x", "PYSPARK_SUBMIT_ARGS": "--master yarn pyspark-shell"}
    os.environ["SPARK_LOCAL_IP"] = "10.0.0.7"
    clear_environment()
    assert {"SPARK_REMOTE", "PYSPARK_SUBMIT_ARGS"}.isdisjoint(os.environ)
    assert os.environ["SPARK_LOCAL_IP"] == "10.0.0.7"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"LANG": "C"}, {"LANG": "C", "LC_CTYPE": "C.UTF-8"}),
        ({}, {"LC_CTYPE": "C.UTF-8"}),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, {"LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8"}),
        ({"LC_ALL": "", "LANG": "de_DE.UTF-8"}, {"LC_ALL": "", "LANG": "de_DE.UTF-8"}),
    ],
)
def test_file_names_are_utf_8_where_the_locale_would_make_them_ascii(given, found):
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        os.environ.pop(name, None)
    os.environ.update(given)
    clear_environment()
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    assert {name: os.environ[name] for name in names if name in os.environ} == found


def test_a_user_without_a_name(monkeypatch):
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    assert environment_fault("").startswith(f"the user id {os.getuid()} has no name here, and ")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 3.7", " is Python 3.7: unset it, or set it to a Python "),
        ("exit 1", " does not run ("),
    ],
)
def test_another_python_for_the_workers(tmp_path, script, said):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    os.environ["PYSPARK_PYTHON"] = str(python)
    fault = environment_fault("")
    assert fault.startswith(f"PYSPARK_PYTHON {python}{said}")
    assert sys.executable in fault
    os.environ["PYSPARK_PYTHON"] = sys.executable
    assert environment_fault("") is None


def test_a_temporary_directory_from_which_nothing_is_loaded(monkeypatch):
    os.environ["JAVA_TOOL_OPTIONS"] = "-Djava.io.tmpdir=/nowhere"
    assert "/nowhere: No such file or directory; set another by " in environment_fault("")
    # the driver's own options win
    assert environment_fault(f"-Xmx1g -Djava.io.tmpdir={Path.cwd()}") is None
    # a mount would take an administrator
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_NOEXEC))
    fault = environment_fault("-Djava.io.tmpdir=/srv")
    assert fault.startswith("Java's temporary directory /srv is mounted noexec, so that ")
    assert fault.endswith("extraJavaOptions=-Djava.io.tmpdir=<another directory>")
