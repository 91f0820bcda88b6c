"""One Hadoop for all tests here. They need Java and Maven, and run by `make test-cluster` only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from movierec.execution import Execution
from movierec.pipeline import run_pipeline
from movierec.session import Session
from tests.cluster.hadoop import Hadoop, running_hadoop
from tests.cluster.pipelines import execution, sets
from tests.cluster.submission import Submitter
from tests.dataproc.fake_storage import FakeStorage


@pytest.fixture(scope="session")
def storage() -> Iterator[FakeStorage]:
    """What gs:// is on this cluster."""
    with FakeStorage() as server:
        yield server


@pytest.fixture(scope="session")
def hadoop(storage: FakeStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    """HDFS and YARN with two nodes."""
    folder = tmp_path_factory.mktemp("hadoop")
    with running_hadoop(folder, os.environ["JAVA_HOME"], storage_url=storage.url) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def submitter(hadoop: Hadoop, tmp_path_factory: pytest.TempPathFactory) -> Submitter:
    """Runs spark-submit on that YARN, with the package as a cluster gets it."""
    return Submitter(hadoop, tmp_path_factory.mktemp("submissions"))


@pytest.fixture(scope="session")
def archive(small_archive: Path, hadoop: Hadoop, submitter: Submitter) -> str:
    """The real archive, as a zip on HDFS."""
    uri = f"{hadoop.hdfs}/archives/{small_archive.name}"
    source = f"file://{small_archive}"
    done = submitter.run("stage_in", "--source", source, "--target", uri, master="local[1]")
    assert done.exit_code == 0, done.output[-3000:]
    return uri


@pytest.fixture(scope="session")
def local(
    session: Session, small_archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> Execution:
    """The pipeline in local mode."""
    workspace = tmp_path_factory.mktemp("local")
    run = execution(session, sets(f"file://{workspace}", str(small_archive)))
    run_pipeline(run)
    return run
