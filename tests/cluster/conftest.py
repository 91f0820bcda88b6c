"""One Hadoop for all tests here. They need Java and Maven, and run by `make test-cluster` only.

One pipeline too, by `make pipeline`: what it leaves on HDFS and in the bucket is what most of
these tests look at or go on from.
"""

import os

import pytest

from movierec.pipeline import dag
from movierec.run_all import run_pipeline
from movierec.spark.files import Files
from tests.cluster.hadoop import running_hadoop
from tests.cluster.laptop import laptop_of
from tests.cluster.pipelines import LONG, execution, sets
from tests.cluster.submission import Submitter
from tests.support.dataproc.fake_storage import FakeStorage


@pytest.fixture(scope="session")
def storage():
    """What gs:// is on this cluster."""
    with FakeStorage() as server:
        yield server


@pytest.fixture(scope="session")
def hadoop(storage, tmp_path_factory):
    """HDFS and YARN with two nodes."""
    folder = tmp_path_factory.mktemp("hadoop")
    with running_hadoop(folder, os.environ["JAVA_HOME"], storage_url=storage.url) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def submitter(hadoop, tmp_path_factory):
    """Runs spark-submit on that YARN, with the package as a cluster gets it."""
    return Submitter(hadoop, tmp_path_factory.mktemp("submissions"))


@pytest.fixture(scope="session")
def laptop(
    hadoop,
    storage,
    small_archive,
    tmp_path_factory,
):
    """A laptop with the real archive, whose Dataproc runs its jobs on that YARN."""
    with laptop_of(hadoop, storage, small_archive, tmp_path_factory.mktemp("laptop")) as one:
        yield one


@pytest.fixture(scope="session")
def pipeline(laptop):
    """What `make pipeline` says, on a cluster that `make cluster-up` made."""
    laptop.make("cluster-up")
    return laptop.make("pipeline", f"CONF={laptop.conf}")


@pytest.fixture(scope="session")
def archive(hadoop, session, small_archive, pipeline):
    """The real archive, where the pipeline staged it."""
    files, folder = Files(session), f"{hadoop.hdfs}/movierec/archives"
    (checksum,) = files.names(folder)
    return f"{folder}/{checksum}/{small_archive.name}"


@pytest.fixture(scope="session")
def workspace(hadoop, pipeline):
    """Where the pipeline's jobs left their results."""
    return f"{hadoop.hdfs}/movierec/workspace"


@pytest.fixture(scope="session")
def local(session, small_archive, tmp_path_factory):
    """The pipeline in local mode."""
    root = tmp_path_factory.mktemp("local")
    run = execution(session, sets(f"file://{root}", str(small_archive)))
    run_pipeline(run)
    return run


@pytest.fixture(scope="session")
def local_trials(session, local):
    """The longer tuning in local mode."""
    archive = str(local.config.source.archive)
    run = execution(session, sets(local.config.workspace, archive, **LONG))
    run_pipeline(run, wanted=[dag.TUNE])
    return run
