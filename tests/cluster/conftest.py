"""One Hadoop for all tests here. They need Java and Maven, and run by `make test-cluster` only.

One pipeline too, by `make pipeline`: what it leaves on HDFS and in the bucket is what most of
these tests look at or go on from.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.run_all import run_pipeline
from movierec.spark.files import Files
from movierec.spark.session import Session
from tests.cluster.hadoop import Hadoop, running_hadoop
from tests.cluster.laptop import Laptop, laptop_of
from tests.cluster.pipelines import LONG, execution, sets
from tests.cluster.submission import Submitter
from tests.support.dataproc.fake_storage import FakeStorage


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
def laptop(
    hadoop: Hadoop,
    storage: FakeStorage,
    small_archive: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Laptop]:
    """A laptop with the real archive, whose Dataproc runs its jobs on that YARN."""
    with laptop_of(hadoop, storage, small_archive, tmp_path_factory.mktemp("laptop")) as one:
        yield one


@pytest.fixture(scope="session")
def pipeline(laptop: Laptop) -> subprocess.CompletedProcess[str]:
    """What `make pipeline` says, on a cluster that `make cluster-up` made."""
    laptop.make("cluster-up")
    return laptop.make("pipeline", f"CONF={laptop.conf}")


@pytest.fixture(scope="session")
def archive(hadoop: Hadoop, session: Session, small_archive: Path, pipeline: object) -> str:
    """The real archive, where the pipeline staged it."""
    files, folder = Files(session), f"{hadoop.hdfs}/movierec/archives"
    (checksum,) = files.names(folder)
    return f"{folder}/{checksum}/{small_archive.name}"


@pytest.fixture(scope="session")
def workspace(hadoop: Hadoop, pipeline: object) -> str:
    """Where the pipeline's jobs left their results."""
    return f"{hadoop.hdfs}/movierec/workspace"


@pytest.fixture(scope="session")
def local(
    session: Session, small_archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> Execution:
    """The pipeline in local mode."""
    root = tmp_path_factory.mktemp("local")
    run = execution(session, sets(f"file://{root}", str(small_archive)))
    run_pipeline(run)
    return run


@pytest.fixture(scope="session")
def local_trials(session: Session, local: Execution) -> Execution:
    """The longer tuning in local mode."""
    archive = str(local.config.source.archive)
    run = execution(session, sets(local.config.workspace, archive, **LONG))
    run_pipeline(run, wanted=[dag.TUNE])
    return run
