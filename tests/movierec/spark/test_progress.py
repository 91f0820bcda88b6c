"""Progress of a step: on a terminal one redrawn line, elsewhere a plain line per minute."""

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time

import pytest

from movierec.spark import progress
from movierec.spark.progress import THREAD_NAME, Progress
from movierec.spark.session import Session
from movierec.spark.time_left import TimeLeft
from tests.support.gates import SECONDS, GatedStage, wait_for
from tests.support.paths import ROOT
from tests.support.screens import drawn, lines_on_screen


@pytest.fixture
def written(capsys):
    """Return what was written to standard error so far."""
    held = [""]

    def read():
        held[0] += capsys.readouterr().err
        return held[0]

    return read


@pytest.fixture
def terminal(monkeypatch, written):
    """Standard error counts as a terminal of 100 columns, redrawn quickly."""
    monkeypatch.setattr(progress, "can_redraw", lambda stream: True)
    monkeypatch.setattr(progress, "REDRAW_SECONDS", 0.05)
    monkeypatch.setenv("COLUMNS", "100")
    return written


@pytest.fixture
def log(monkeypatch, written):
    """Standard error is no terminal, and a minute is short."""
    monkeypatch.setattr(progress, "REPORT_SECONDS", 0.1)
    return written


@pytest.fixture
def stage(spark, tmp_path):
    stage = GatedStage(spark, tmp_path, 4)
    stage.start()
    yield stage
    stage.finish()


def watchers():
    return [one for one in threading.enumerate() if one.name == THREAD_NAME]


# --- on a terminal --------------------------------------------------------------------------------


def test_a_bar_shows_the_tasks_that_spark_has_run(terminal, session, stage):
    with Progress("make_toy", session).step("nap"):
        wait_for(lambda: "0/4 tasks" in terminal())
        stage.let(0, 1, 2)
        wait_for(lambda: "3/4 tasks" in terminal())
        stage.finish()
        wait_for(lambda: "4/4 tasks" in terminal())
    assert re.fullmatch(r"make_toy: nap \[\.{30}\] 0/4 tasks, 0:\d\d", _last_with(terminal, "0/4"))
    assert re.match(r"make_toy: nap \[#{22}\.{8}\] 3/4 tasks, 0:\d\d", _last_with(terminal, "3/4"))
    assert lines_on_screen(terminal()) == []
    assert watchers() == []


def test_a_step_that_counts_shows_its_own_bar_and_estimate(terminal, session, spark):
    shown = Progress("tune_als", session)
    with shown.step("trials", of=36):
        wait_for(lambda: "0/36" in terminal())
        shown.advance()
        wait_for(lambda: "1/36" in terminal())
        shown.advance(TimeLeft(120.0, at_most=True))
        wait_for(lambda: "2/36" in terminal())
    assert re.search(r"\] 1/36, 0:0\d$", _last_with(terminal, "1/36"))
    assert re.search(r"\] 2/36, 0:0\d, at most 2.0 min left$", _last_with(terminal, "2/36"))


def test_a_message_replaces_the_drawn_line(terminal, session, spark):
    shown = Progress("make_toy", session)
    with shown.step("nap"):
        for number in range(20):
            wait_for(lambda: terminal().endswith("\x1b[K") and "nap" in terminal())
            shown.say(f"line {number}")
            time.sleep(0.03)
    assert lines_on_screen(terminal()) == [f"make_toy: line {n}" for n in range(20)]
    assert len(drawn(terminal())) >= 10


def test_a_step_that_fails_leaves_no_line_and_no_thread(terminal, session, spark):
    def fail():
        with Progress("make_toy", session).step("nap"):
            wait_for(lambda: "nap" in terminal())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert lines_on_screen(terminal()) == []
    assert watchers() == []


def test_before_spark_starts_nothing_is_drawn_and_spark_is_not_started(terminal):
    unused = Session("unused")
    with Progress("make_toy", unused).step("nap"):
        time.sleep(0.3)
    assert terminal() == ""
    assert not unused.started


def _last_with(terminal, part):
    return [line for line in drawn(terminal()) if part in line][-1]


# --- elsewhere ------------------------------------------------------------------------------------


def test_a_long_step_prints_spark_s_tasks(log, session, stage):
    with Progress("make_toy", session).step("nap"):
        wait_for(lambda: "tasks" in log())
        stage.let(0, 1)
        wait_for(lambda: "nap: 2 of 4 tasks of the running stages done, " in log())
        stage.finish()
        wait_for(lambda: bool(re.search(r"nap: \d s\n$", log())))
    assert "\r" not in log()
    assert "\x1b" not in log()
    assert watchers() == []


# --- on a real terminal: slow, as each is a process with a Spark of its own -----------------------

JOB = """
import json, os, sys, time
from movierec.spark.progress import THREAD_NAME, Progress
from movierec.spark.session import Session

session = Session("probe")
shown = Progress("make_toy", session)
spark = session()
context = spark.sparkContext


def nap(numbers):
    time.sleep(0.4)


with shown.step("nap"):
    context.parallelize(range(8), 8).foreachPartition(nap)
    java = context._jvm.org.apache.logging.log4j.LogManager.getLogger("org.apache.spark.Toy")
    java.error("an error of Spark's")
    context.parallelize(range(8), 8).foreachPartition(nap)
    shown.say("half done")
    context.parallelize(range(8), 8).foreachPartition(nap)
shown.say("nap 3 s")
if "killed" in sys.argv:
    with shown.step("last"):
        context.parallelize(range(2), 2).foreachPartition(nap)
        os.kill(context._gateway.proc.pid, 9)
        time.sleep(1)
        print("the JVM is dead", file=sys.stderr, flush=True)
        time.sleep(1)
    shown.say("last 3 s")
    os._exit(0)
session.stop()
print(json.dumps({"done": True}))
"""


def on_terminal(*arguments):
    """Run the job with a terminal of 90 columns as its standard error; return what it writes."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 90, 0, 0))
    env = os.environ | {"PYTHONPATH": str(ROOT / "src"), "TERM": "xterm"}
    command = [sys.executable, "-c", JOB, *arguments]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 4096):
            shown += piece
    os.close(ours)
    output = process.stdout.read()
    assert process.wait(SECONDS) == 0, shown.decode()
    return output, shown.decode()


@pytest.mark.slow
def test_a_real_terminal_shows_the_bar_and_keeps_the_lines():
    output, shown = on_terminal()
    assert json.loads(output) == {"done": True}
    bars = [line for line in drawn(shown) if line.startswith("make_toy: nap [")]
    assert len(bars) >= 3
    # 20 long on the usual 80 columns
    assert all(re.search(r" \[[#.]{30}\] ", line) for line in bars)
    assert all(len(line) < 90 for line in bars)
    counts = [int(n) for line in bars for n in re.findall(r" (\d+)/\d+ tasks", line)]
    assert counts == sorted(counts)
    assert counts[-1] > 8
    found = lines_on_screen(shown)
    assert found[-3].endswith(" ERROR Toy: an error of Spark's")
    assert found[-2:] == ["make_toy: half done", "make_toy: nap 3 s"]


@pytest.mark.slow
def test_a_jvm_that_dies_ends_the_drawing_and_nothing_else():
    _, shown = on_terminal("killed")
    found = lines_on_screen(shown)
    assert found[-1] == "make_toy: last 3 s"
    before, marker, after = shown.partition("the JVM is dead")
    assert drawn(before)
    assert marker
    assert not drawn(after)
    assert "Exception in thread" not in shown
