"""One Spark session for all tests, fast on small frames."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from movierec.spark.files import Files
from movierec.spark.java_versions import use_recorded_java
from movierec.spark.session import Session
from tests.support.finished import FinishedRun, finish

# for processes that tests start
use_recorded_java()

# One core, one partition and no adaptive planning are fastest on ten rows. Code that runs once is
# not worth the time of a compiler: without Java's second one a short pipeline takes a quarter less,
# without Spark's own a sixth less again.
CHEAP = {
    "spark.master": "local[1]",
    "spark.driver.memory": "3g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


# the files that take longest, which start first so that no process waits for them at the end
LONGEST = ("jobs/test_pipeline_jobs", "jobs/test_edges", "test_stability", "test_chaos")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the longest files first."""

    def place(item: pytest.Item) -> int:
        found = [n for n, name in enumerate(LONGEST) if name in item.nodeid]
        return found[0] if found else len(LONGEST)

    items.sort(key=place)


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A Session for code that starts Spark itself; the `spark` fixture shares it."""
    session = Session("tests", overrides=CHEAP)
    session.checkpoint_to(f"file://{tmp_path_factory.mktemp('checkpoints')}")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def spark(session: Session) -> SparkSession:
    """The Spark session."""
    return session()


@pytest.fixture
def set_property(spark: SparkSession) -> Iterator[Callable[[str, str | int], None]]:
    """Sets a property of the session until the test ends."""
    before: dict[str, str | None] = {}

    def change(key: str, value: str | int) -> None:
        before.setdefault(key, spark.conf.get(key))
        spark.conf.set(key, value)

    yield change
    for key, value in before.items():
        spark.conf.set(key, str(value))


@pytest.fixture
def files(session: Session) -> Files:
    """Files of the tests' Spark."""
    return Files(session)


@pytest.fixture(scope="session")
def finished_run(session: Session, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """A short run with all stages done, shared by all test processes.

    FINISHED_RUN names a directory that keeps it for the next call of pytest.
    """
    base = tmp_path_factory.getbasetemp()
    own = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "finished"
    place = Path(os.environ.get("FINISHED_RUN", own))
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return finish(place, session)


@pytest.fixture(autouse=True)
def _doctest_spark(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> None:
    """Give `spark` and `F` to the doctests that show tables, and start Spark for no other."""
    item = request.node
    if isinstance(item, pytest.DoctestItem) and item.dtest is not None:
        doctest_namespace["F"] = F
        if any("spark" in example.source for example in item.dtest.examples):
            doctest_namespace["spark"] = request.getfixturevalue("spark")


@pytest.fixture(scope="session")
def small_archive() -> Path:
    """The real ml-latest-small, which the repository does not hold."""
    root = Path(__file__).resolve().parent
    for place in (root / "data", root.parent / "shared" / "data"):
        if (place / "ml-latest-small.zip").exists():
            return place / "ml-latest-small.zip"
    pytest.skip("no ml-latest-small.zip; `make data CONF=conf/small.yaml` fetches it")
