"""The doctor: its results on a good machine, and when something is wrong.

Covers `movierec.doctor.checkup`, `movierec.doctor.command`.
"""

import json
import subprocess
import sys

import pytest

from movierec.doctor import command
from movierec.doctor.checkup import Checkup
from tests.support import archives
from tests.support.confs import tiny_conf
from tests.support.paths import ROOT
from tests.support.processes import run_process

FULL = 33_832_162
NAMES = [
    *("python", "java", "spark", "workers", "blas", "workspace", "checkpoints"),
    *("archive", "ratings", "ease", "memory", "disk", "scratch", "time"),
]


@pytest.fixture
def check(session, tmp_path):
    """Check a config in the tests' session and return the results by name."""

    def check(config):
        results = list(Checkup(config, session).results())
        named = {result.name: result for result in results}
        assert len(named) == len(results)
        for result in results:
            assert bool(result.fix) == (result.state != "ok"), result
            assert "\n" not in result.found + result.fix
        return named

    yield check
    session.checkpoint_to(f"file://{tmp_path}/after")


def wrong(findings):
    """The states that are not ok, except BLAS, which depends on the machine."""
    return {
        name: one.state for name, one in findings.items() if one.state != "ok" and name != "blas"
    }


def test_a_good_machine(check, tmp_path):
    path = archives.latest(tmp_path / "a.zip")
    findings = check(tiny_conf(tmp_path / "w", path, source__expected_ratings=5))
    assert list(findings) == NAMES
    assert wrong(findings) == {}
    assert findings["ratings"].found == "5 ratings"
    assert findings["archive"].found.endswith(
        "a.zip: layout latest, complete by the checksums in it"
    )
    # it leaves no file that a stage could take for a result
    assert [path for path in (tmp_path / "w").rglob("*") if path.is_file()] == []


def test_an_archive_that_is_missing(check, tmp_path):
    findings = check(tiny_conf(tmp_path / "w", tmp_path / "a.zip"))
    assert wrong(findings) == {"archive": "error", "others": "warning"}
    assert findings["archive"].fix == "fetch it with `make data` or name another with ARCHIVE="
    assert findings["others"].found == (
        "not checked, as the number of ratings is not known: ease, memory, disk, scratch, time"
    )


def test_an_archive_that_is_damaged_and_a_heap_too_small_for_the_ratings_of_conf(check, tmp_path):
    path = archives.latest(tmp_path / "a.zip")
    archives.patch_directory(path, "ml-latest-tiny/tags.csv", 16, "I", 1)
    findings = check(tiny_conf(tmp_path / "w", path, source__expected_ratings=FULL))
    assert findings["archive"].state == "error"
    assert "member 'ml-latest-tiny/tags.csv': its content" in findings["archive"].found
    assert findings["archive"].fix == "fetch it again with `make data FORCE=1`"
    assert findings["memory"].state == "warning"
    assert findings["memory"].found.startswith("heap 3.0 GiB of ")
    assert "for 33,832,162 ratings a heap of 8.6 GiB suff" in findings["memory"].found
    assert "for 33,832,162 ratings" in findings["time"].found


def test_an_archive_of_another_size_and_a_workspace_that_cannot_be_written_to(check, tmp_path):
    path = archives.latest(tmp_path / "a.zip")
    findings = check(tiny_conf("/proc/movierec", path, source__expected_ratings=100_836))
    assert findings["ratings"].state == "error"
    assert findings["ratings"].found.startswith("5 ratings, not the 100,836 of")
    for name in ("workspace", "checkpoints"):
        assert findings[name].state == "error"
        assert "/proc/movierec" in findings[name].found
        assert findings[name].fix.startswith("let this account write there")


# --- the command line ----------------------------------------------------------------------------


def doctor(*arguments, **environment):
    """Run the doctor in a process of its own, for its Java and Spark."""
    return run_process(sys.executable, "jobs/doctor.py", *arguments, **environment)


@pytest.fixture
def here(session, monkeypatch, capsys):
    """Run the doctor in the tests' process and session."""
    monkeypatch.setattr(command, "open_session", lambda name, arguments: session)
    monkeypatch.setattr(session, "stop", lambda: None)
    monkeypatch.chdir(ROOT)

    def run(*arguments):
        code = command.main(arguments)
        return subprocess.CompletedProcess(arguments, code, *capsys.readouterr())

    return run


def found_by(done):
    """The last line's findings by name; standard error must show the same."""
    (line,) = done.stdout.splitlines()
    summary = json.loads(line)
    assert summary["job"] == "doctor"
    for one in summary["findings"]:
        assert f"doctor: {one['state']:<8} {one['name']:<12} {one['found']}\n" in done.stderr
        assert not one["cure"] or f"fix: {one['cure']}\n" in done.stderr
    assert "Traceback" not in done.stderr
    return {one["name"]: one for one in summary["findings"]}


def test_the_sample_before_it_is_generated(tmp_path):
    place = [f"--set=workspace={tmp_path}/w", f"--set=source.archive={tmp_path}/a.zip"]
    done = doctor("--config=conf/sample.yaml", *place, MOVIEREC_BLAS="off")
    assert done.returncode == 0, done.stderr
    findings = found_by(done)
    assert [name for name in NAMES if name != "ratings"] == list(findings)
    assert findings["archive"]["state"] == "ok"
    assert "yet: `make run` and `make data` generate it" in findings["archive"]["found"]
    assert findings["blas"]["state"] == "warning"
    assert "libopenblas0" in findings["blas"]["cure"]
    assert "for 100,836 ratings" in findings["time"]["found"]
    assert list((tmp_path / "w").rglob("*")) == [tmp_path / "w/_checkpoints"]


def test_an_error_is_exit_code_3(here, tmp_path):
    sets = ["--set=workspace=/proc/w", f"--set=source.archive={tmp_path}/a.zip"]
    done = here("--config=conf/small.yaml", *sets)
    assert done.returncode == 3
    errors = [name for name, one in found_by(done).items() if one["state"] == "error"]
    assert errors[:3] == ["workspace", "checkpoints", "archive"]
    assert done.stderr.endswith(f"doctor: a run would fail: see {', '.join(errors)} above\n")


def test_without_a_java_that_runs_spark_is_not_started(tmp_path):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    java.chmod(0o755)
    done = doctor("--config=conf/small.yaml", JAVA_HOME=str(tmp_path))
    assert done.returncode == 3
    findings = found_by(done)
    assert list(findings) == ["python", "java", "others"]
    assert findings["java"]["state"] == "error"
    assert "holds no java that runs" in findings["java"]["found"]
    assert "install Java" in findings["java"]["cure"]
    assert "as Spark does not run: workers, blas" in findings["others"]["found"]


def test_a_spark_that_does_not_start_is_an_error_of_a_check(tmp_path):
    (tmp_path / "spark-defaults.conf").write_text(
        "spark.eventLog.enabled true\nspark.eventLog.dir file:/no/such/place\n", encoding="utf-8"
    )
    done = doctor("--config=conf/small.yaml", SPARK_CONF_DIR=str(tmp_path))
    assert done.returncode == 3
    findings = found_by(done)
    assert list(findings) == ["python", "java", "spark", "others"]
    assert "File file:/no/such/place does not exist" in findings["spark"]["found"]


def test_a_wrong_conf_is_exit_code_2(here):
    done = here("--config=conf/small.yaml", "--set=als.maxiter=3", "--set=workspace=ftp:x")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "als.maxiter: unknown key" in done.stderr
    assert here("--config=conf/small.yaml", "--set=workspace=ftp:x").returncode == 2
    assert here("--config=conf/small.yaml", "--check-config").returncode == 0
