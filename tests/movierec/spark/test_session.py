"""The session: its settings do not depend on the machine's defaults."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from movierec.errors import InputError
from movierec.spark.session import heap_gib, machine_memory, size_shuffles
from tests.support.paths import ROOT
from tests.support.processes import run_process

GIB = 1 << 30


@pytest.mark.parametrize(
    ("gib", "heap"), [(0, 1), (1, 1), (3, 1), (4, 2), (8, 4), (16, 9), (24, 14), (512, 14)]
)
def test_the_heap_is_six_tenths_of_the_memory_from_1_to_14_gib(gib, heap):
    assert heap_gib(gib * GIB) == heap


def test_the_machine_s_memory_is_what_it_has_or_less():
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 256 << 20 <= machine_memory() <= physical


def test_a_given_number_of_shuffle_partitions_is_kept(spark):
    before = spark.conf.get("spark.sql.shuffle.partitions")
    size_shuffles(spark, rows=10**9)
    assert spark.conf.get("spark.sql.shuffle.partitions") == before == "1"


def test_an_impossible_checkpoint_directory_is_an_input_error(session, spark, tmp_path):
    try:
        with pytest.raises(InputError) as caught:
            session.checkpoint_to("gs://bucket/x")
    finally:
        session.checkpoint_to(f"file://{tmp_path}")
    assert str(caught.value) == (
        'gs://bucket/x: UnsupportedFileSystemException: No FileSystem for scheme "gs"'
    )


# A session as a laptop starts it: no overrides, the heap of the machine. It needs a JVM of its own.
PROBE = """
import json, os, signal, sys
from movierec.spark.session import Session, size_shuffles

session = Session("probe")
session.checkpoint_to(f"file://{sys.argv[1]}/first")
spark = session()
context = spark.sparkContext
found = {
    "started": [session.started, session() is spark],
    "conf": dict(context.getConf().getAll()),
    "log_level": str(context._jvm.org.apache.logging.log4j.LogManager.getRootLogger().getLevel()),
    "heap": context._jvm.java.lang.Runtime.getRuntime().maxMemory(),
    "midnight": spark.sql("SELECT string(timestamp_seconds(0)) AS at").first().at,
    "checkpoints": context.getCheckpointDir(),
    "cores": context.defaultParallelism,
}
try:
    spark.sql("SELECT int('x')").collect()
except Exception as error:
    found["cast"] = type(error).__name__
shuffles = []
for rows in (1, 500_000 * 99, 500_000 * 99 + 1):
    size_shuffles(spark, rows=rows)
    shuffles.append(int(spark.conf.get("spark.sql.shuffle.partitions")))
found["shuffles"] = shuffles
session.checkpoint_to(f"file://{sys.argv[1]}/second")
found["moved"] = context.getCheckpointDir()
spark.range(3).checkpoint()
found["while"] = [os.listdir(f"{sys.argv[1]}/{name}") for name in ("first", "second")]
session.stop()
found["after"] = [os.listdir(f"{sys.argv[1]}/{name}") for name in ("first", "second")]
found["stopped"] = session.started
found["again"] = session().range(3).count()
session.stop()
nowhere = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": "file:/no/such/place"}
try:
    Session("probe", overrides=nowhere)()
except Exception as error:
    found["refused"] = [type(error).__name__, str(error)]
session = Session("probe")
process = session()._jvm.java.lang.ProcessHandle.current().pid()
os.kill(process, signal.SIGKILL)
session.stop()
found["dead"] = session.started
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """The settings of a session that is started from plain Python, in Tokyo."""
    place = tmp_path_factory.mktemp("probe")
    source = place / "with a space"
    source.symlink_to(ROOT / "src")
    command = [sys.executable, "-c", PROBE, place]
    done = run_process(*command, PYTHONPATH=str(source), TZ="Asia/Tokyo")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    return found | {"place": str(place), "stderr": done.stderr, "stdout": done.stdout}


def test_values_do_not_depend_on_the_machine_or_the_version_of_spark(probe):
    assert probe["conf"]["spark.sql.session.timeZone"] == "UTC"
    assert probe["midnight"] == "1970-01-01 00:00:00"
    assert probe["conf"]["spark.sql.ansi.enabled"] == "true"
    assert probe["cast"] == "NumberFormatException"


def test_checkpoints_go_to_the_given_directory_until_spark_stops(probe):
    assert probe["checkpoints"].startswith(f"file:{probe['place']}/first/")
    assert probe["moved"].startswith(f"file:{probe['place']}/second/")
    assert probe["conf"]["spark.cleaner.referenceTracking.cleanCheckpoints"] == "true"
    assert [len(names) for names in probe["while"]] == [1, 1]
    assert probe["after"] == [[], []]


def test_a_spark_that_does_not_start_is_an_input_error_of_one_line(probe):
    assert probe["refused"] == [
        "InputError",
        "Spark does not start: FileNotFoundException: File file:/no/such/place does not exist",
    ]


def test_a_laptop_s_session_is_local_and_quiet(probe):
    heap = heap_gib(machine_memory())
    assert probe["conf"]["spark.driver.memory"] == f"{heap}g"
    # the parallel collector leaves out one of two survivor spaces, a ninth of the heap
    assert probe["heap"] == pytest.approx(heap * GIB * 8 / 9, rel=0.02)
    assert probe["conf"]["spark.master"] == "local[*]"
    assert probe["conf"]["spark.driver.host"] == "127.0.0.1"
    assert probe["conf"]["spark.ui.enabled"] == "false"
    assert probe["log_level"] == "ERROR"
    assert len(probe["stdout"].splitlines()) == 1
    assert "WARN " not in probe["stderr"]
    # the source lies below a path with a space
    options = probe["conf"]["spark.driver.extraJavaOptions"]
    assert f"{probe['place']}/with%20a%20space/movierec/spark/log4j2.properties" in options
    assert "-Xss4m" in options.split()


def test_shuffles_are_sized_by_cores_and_rows(probe):
    cores = probe["cores"]
    assert probe["shuffles"] == [cores, max(cores, 99), max(cores, 100)]


def test_a_session_starts_once_and_again_after_a_stop(probe):
    assert probe["started"] == [True, True]
    assert probe["stopped"] is False
    assert probe["again"] == 3
    assert probe["dead"] is False, "its Java was killed"


# A session with overrides, on the Java that set-up recorded, in a JVM of its own.
OVERRIDDEN = """
import json, sys
from movierec.spark.session import Session

sys.prefix, overrides = sys.argv[1], json.loads(sys.argv[2])
context = Session("overridden", overrides=overrides)().sparkContext
beans = context._jvm.java.lang.management.ManagementFactory
print(json.dumps({
    "conf": dict(context.getConf().getAll()),
    "ui": context.uiWebUrl,
    "mine": context._jvm.java.lang.System.getProperty("mine"),
    "heap": context._jvm.java.lang.Runtime.getRuntime().maxMemory(),
    "collectors": [bean.getName() for bean in beans.getGarbageCollectorMXBeans()],
}))
"""


def test_overrides_win_and_java_options_are_added(tmp_path, spark):
    java = shutil.which("java", path=f"{os.environ.get('JAVA_HOME')}/bin:{os.environ['PATH']}")
    (tmp_path / "java_home").write_text(f"{Path(java).parents[1]}\n\n", encoding="utf-8")
    events = tmp_path / "events"
    events.mkdir()
    overrides = {
        "spark.master": "local[1]",
        "spark.driver.memory": "600m",
        "spark.ui.enabled": "true",
        "spark.ui.port": "0",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": f"file://{events}",
        "spark.driver.extraJavaOptions": "-Dmine=1 -XX:+UseSerialGC",
    }
    command = [sys.executable, "-c", OVERRIDDEN, tmp_path, json.dumps(overrides)]
    done = run_process(*command, JAVA_HOME="/no/such/java")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    plain = {key: value for key, value in overrides.items() if "extraJava" not in key}
    # with port 0 Spark notes the port that it took
    assert plain.items() - {("spark.ui.port", "0")} <= found["conf"].items()
    assert found["ui"].startswith("http://127.0.0.1:")
    assert 400 << 20 < found["heap"] <= 600 << 20
    assert list(events.iterdir())
    options = found["conf"]["spark.driver.extraJavaOptions"]
    assert " -Dlog4j2.configurationFile=file:" in options
    assert options.endswith(" -Dmine=1 -XX:+UseSerialGC")
    assert found["mine"] == "1"
    assert found["collectors"] == ["Copy", "MarkSweepCompact"]
    assert "WARN " not in done.stderr
