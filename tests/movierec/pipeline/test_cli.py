"""The command line of a job: exit codes, output, and when it needs no Java.

Covers `movierec.errors`.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pyspark
import pytest
import yaml

from movierec.config.loader import to_dict
from movierec.errors import ConfigError, InputError, UserError
from movierec.pipeline.cli import _shipped, read_config, run_guarded
from movierec.spark.session import Session
from tests.support.confs import tiny_conf
from tests.support.paths import ROOT
from tests.support.processes import run_process

JOB = """
import sys

from pyspark.sql import types as t

from movierec.data.datasets import Dataset
from movierec.errors import InputError
from movierec.pipeline.cli import main
from movierec.pipeline.dag import Stage

SCHEMA = t.StructType().add("movie_id", t.IntegerType()).add("score", t.DoubleType())
SCORES = Dataset("toy", "scores", SCHEMA)
TOY = Stage(name="toy", version=1, job="make_toy", keys=("partition.seed",))


def run(context):
    rows = "SELECT * FROM VALUES (1, 0.5D), (2, 0.25D) AS scores(movie_id, score)"
    context.write(context.spark.sql(rows), SCORES)
    print("a job may print, but not last")


if __name__ == "__main__":
    sys.exit(main(TOY, run))
"""


class Command:
    """The job's command line in a directory of its own."""

    def __init__(self, place):
        self.place = place
        (place / "make_toy.py").write_text(JOB, encoding="utf-8")
        (place / "archive.zip").write_bytes(b"what no toy job looks into")
        (place / "empty").mkdir()
        conf = to_dict(tiny_conf(place / "workspace", place / "archive.zip"))
        (place / "toy.yaml").write_text(yaml.safe_dump(conf), encoding="utf-8")

    def __call__(self, *arguments, java=False):
        # no java, and no bash for Spark's own scripts
        empty = str(self.place / "empty")
        hidden = {} if java else {"JAVA_HOME": empty, "PATH": empty}
        return run_process(sys.executable, "make_toy.py", *arguments, cwd=self.place, **hidden)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.delenv("SPARK_HOME", raising=False)
    return Command(tmp_path)


def last_line(text):
    return json.loads(text.splitlines()[-1])


# --- exit code 2: the command line and the config -----------------------------------------------


def test_every_fault_of_the_config_is_one_line_and_the_exit_code_is_2(toy):
    done = toy("--config=toy.yaml", "--set=als.maxiter=3", "--set=partition")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "make_toy: toy.yaml: --set partition: write it as section.key=value",
        "make_toy: toy.yaml: als.maxiter: unknown key; did you mean als.max_iter?",
    ]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--conf=toy.yaml"], "the following arguments are required: --config"),
        (["--config=toy.yaml", "--forc"], "unrecognized arguments: --forc"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(toy, words, fault):
    done = toy(*words)
    assert (done.returncode, done.stdout) == (2, "")
    usage, *_, last = done.stderr.splitlines()
    assert usage.startswith("usage: make_toy [-h] --config CONFIG")
    assert last == f"make_toy: error: {fault}"


@pytest.mark.parametrize("name", ["none.yaml", "file:///none/none.yaml"])
def test_a_missing_conf_is_exit_code_2(toy, name):
    done = toy("--config", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"make_toy: --config {name}: there is no such file here, on the URI, or among --files; "
        "confs that come with the package: full, sample, small\n"
    )


# --- what needs no Java ---------------------------------------------------------------------------


def test_a_right_config_is_checked_without_java(toy):
    done = toy("--config=toy.yaml", "--check-config", "--set=partition.seed=7")
    assert (done.returncode, done.stderr) == (0, "")
    assert last_line(done.stdout) == {"job": "make_toy", "config": "toy.yaml", "valid": True}
    assert not (toy.place / "workspace").exists()


def test_a_missing_archive_is_exit_code_3_without_java(toy):
    done = toy("--config=toy.yaml", "--set=source.archive=none.zip")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"make_toy: source.archive: there is no file://{toy.place.resolve()}/none.zip; "
        "fetch it with `make data` or name another with ARCHIVE=\n"
    )
    assert not (toy.place / "workspace").exists()


def test_a_shipped_conf_is_found_by_its_name_also_if_gcloud_uploaded_it(tmp_path):
    """gcloud appends the object's generation to the URI."""
    uris = f"file://{tmp_path}/other.yaml,file://{tmp_path}/toy.yaml#1700000000000000"
    found = {"spark.yarn.dist.files": uris}
    spark = SimpleNamespace(sparkContext=SimpleNamespace(getConf=lambda: found))
    assert _shipped("toy.yaml", lambda: spark) == f"file://{tmp_path}/toy.yaml"


# --- with Java ------------------------------------------------------------------------------------


def submitted(toy, *arguments):
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    command = [submit, "--master", "local[1]", "--files", toy.place / "toy.yaml"]
    command += [toy.place / "make_toy.py", *arguments]
    return run_process(*command, cwd=toy.place / "empty", SPARK_HOME=str(submit.parents[1]))


def test_under_spark_submit_the_conf_is_among_its_files_and_verbose_shows_its_log(toy):
    lasting = toy.place / "lasting"
    done = submitted(toy, "--config=toy.yaml", "--verbose", f"--export={lasting}")
    assert done.returncode == 0, done.stderr
    assert last_line(done.stdout)["reused"] is False
    assert len([*lasting.glob("toy/*/_manifest.json")]) == 1
    assert " INFO SparkContext: Running Spark version" in done.stderr, "before there is a session"
    assert " INFO DAGScheduler: " in done.stderr


@pytest.mark.slow
def test_under_spark_submit_the_log_is_not_shown_and_a_missing_conf_is_exit_code_2(toy):
    """Slow: two more submissions."""
    quiet = submitted(toy, "--config=toy.yaml")
    assert quiet.returncode == 0, quiet.stderr
    assert " INFO DAGScheduler: " not in quiet.stderr
    missing = submitted(toy, "--config=none.yaml", "--check-config")
    assert missing.returncode == 2
    # spark-submit gives a driver one stream for both of its own
    assert "make_toy: --config none.yaml: there is no such file here" in missing.stdout


def test_a_job_runs_once_and_its_result_is_found_without_java(toy):
    made = toy("--config=toy.yaml", java=True)
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[0] == "a job may print, but not last"
    assert " INFO " not in made.stderr
    summary = last_line(made.stdout)
    assert list(summary) == ["job", "fingerprint", "output", "seconds", "reused", "rows"]
    place = f"file://{toy.place}/workspace/toy/{summary['fingerprint']}/"
    assert summary["output"].startswith(place)
    assert 0 < summary["seconds"] < 300
    assert summary.items() >= {"job": "make_toy", "reused": False, "rows": {"scores": 2}}.items()
    found = toy("--config=toy.yaml")
    assert (found.returncode, found.stderr) == (0, "")
    again = last_line(found.stdout)
    assert found.stdout.count("\n") == 1
    assert again == summary | {"reused": True, "seconds": again["seconds"]}
    assert again["seconds"] < 1
    _check_output(toy)
    forced = toy("--config=toy.yaml", "--force")
    assert forced.returncode == 3, "--force needs the Java that is hidden"
    assert forced.stderr.splitlines()[-1] == (
        "make_toy: Spark does not start: there is no bash on PATH, and Spark's scripts need it: "
        "add its folder, often /bin"
    )


def _check_output(toy):
    """A finished job that cannot write, or not all characters, ends without a stack trace."""
    for line, code, said in (
        ("--config=toy.yaml | true; exit ${PIPESTATUS[0]}", (0, 141), ""),
        ("--config=toy.yaml > /dev/full", (3,), "make_toy: No space left on device, on standard "),
        ("--config=toy.yaml 2>&-", (0,), ""),
        ("--config=toy.yaml >&-", (0,), ""),
        ("--config=nöne.yaml 2>&1 >&-", (2,), ""),
    ):
        command = ["bash", "-c", f"{sys.executable} make_toy.py {line}"]
        done = run_process(*command, cwd=toy.place, PYTHONIOENCODING="ascii")
        assert done.returncode in code, line
        assert done.stderr.startswith(said), line
        assert "Traceback" not in done.stderr + done.stdout, line
        assert done.stderr.count("\n") == bool(said), line


@pytest.mark.parametrize("when", ["Spark starts", "tasks run"])
def test_ctrl_c_is_one_line_and_exit_code_130_and_leaves_no_java(tmp_path, when):
    """A terminal interrupts all processes of the job."""
    toy = Command(tmp_path)
    say = "print('now', file=sys.stderr, flush=True)"
    nap = "__import__('time').sleep(60)"
    nap = f"context.spark.range(4).rdd.map(lambda n: ({nap}, n)).count()"
    steps = [say, "context.spark", nap] if when == "Spark starts" else ["context.spark", say, nap]
    waits = "".join(f"    {step}\n" for step in steps)
    (tmp_path / "make_toy.py").write_text(JOB.replace("    rows = ", f"{waits}    rows = "))
    process = subprocess.Popen(
        [sys.executable, "make_toy.py", "--config=toy.yaml"],
        cwd=toy.place,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a shell lets what it starts in the background ignore interrupts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    said = next(line for line in process.stderr if line == "now\n")
    time.sleep(1 if when == "Spark starts" else 4)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, ""), said + errors
    # Java's own line comes first
    *before, last = errors.splitlines()
    assert last == "make_toy: interrupted; a rerun continues with what is complete"
    assert [line for line in before if not line.startswith("WARNING: ")] == []
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert str(tmp_path) not in listed.stdout


# --- the guard around every command --------------------------------------------------------------


def ended(error):
    """The exit code after this error, or none; Spark is stopped once."""

    def body(session):
        if error:
            raise error

    stopped = []
    session = SimpleNamespace(stop=lambda: stopped.append("once"), abort=lambda: None)
    code = run_guarded("toy", body, session)
    assert stopped == ["once"]
    return code


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError(["a: wrong", "b: wrong"]), 2, "toy: a: wrong\ntoy: b: wrong\n"),
        (InputError("no input"), 3, "toy: no input\n"),
        (UserError("no luck"), 1, "toy: no luck\n"),
        (None, 0, ""),
        (KeyboardInterrupt(), 130, "toy: interrupted; a rerun continues with what is complete\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_each_end_has_its_exit_code_and_its_lines(capsys, error, code, said):
    assert ended(error) == code
    assert capsys.readouterr() == ("", said)


def test_a_crash_is_exit_code_1_and_the_last_line_names_the_error(capsys):
    assert ended(RuntimeError("thirteen")) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Traceback (most recent call last):\n")
    assert err.endswith("RuntimeError: thirteen\ntoy: failed: RuntimeError\n")


def test_a_conf_that_is_no_text_is_a_config_error(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xff\xfe")
    for name in (str(path), str(tmp_path)):
        with pytest.raises(ConfigError, match=f"^{name}: cannot be read: ") as caught:
            read_config(name, [], Session("unused"))
        assert len(caught.value.problems) == 1
