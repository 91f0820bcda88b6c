"""One Hadoop for all tests here. They need Java and Maven, and run by `make test-cluster` only.

One run of all stages too, by `make submit`: what it leaves on HDFS and in the bucket is what most
of these tests look at or go on from. `make pipeline` would start Spark once a stage, half a minute
each; its order and how it goes on after a failure are tests of movierec_dataproc.
"""

import os
import shutil

import pytest

from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.run_all import run_pipeline
from movierec.spark.files import Files
from tests.cluster.hadoop import running_hadoop
from tests.cluster.laptop import laptop_of
from tests.cluster.pipelines import JOBS, LONG, execution
from tests.cluster.submission import Submitter
from tests.support.dataproc.fake_storage import FakeStorage
from tests.support.finished import overrides_on


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
def laptop(hadoop, storage, finished_run, tmp_path_factory):
    """A laptop with the finished run's archive, whose Dataproc runs its jobs on that YARN."""
    with laptop_of(hadoop, storage, finished_run.archive, tmp_path_factory.mktemp("laptop")) as one:
        yield one


@pytest.fixture(scope="session")
def pipeline(laptop):
    """What `make submit` says of each of JOBS, on a cluster that `make cluster-up` made."""
    laptop.make("cluster-up")
    return {job: laptop.make("submit", f"CONF={laptop.conf}", f"JOB={job}") for job in JOBS}


@pytest.fixture(scope="session")
def archive(hadoop, session, finished_run, pipeline):
    """The archive, where the pipeline staged it."""
    files, folder = Files(session), f"{hadoop.hdfs}/movierec/archives"
    (checksum,) = files.names(folder)
    return f"{folder}/{checksum}/{finished_run.archive.name}"


@pytest.fixture(scope="session")
def workspace(hadoop, pipeline):
    """Where the pipeline's jobs left their results."""
    return f"{hadoop.hdfs}/movierec/workspace"


@pytest.fixture(scope="session")
def local(session, finished_run):
    """The pipeline in local mode."""
    return Execution(finished_run.config, session)


@pytest.fixture(scope="session")
def local_trials(session, finished_run, tmp_path_factory):
    """The longer tuning in local mode, in a copy of the finished run, which others look at."""
    copy = tmp_path_factory.mktemp("trials") / "workspace"
    shutil.copytree(finished_run.workspace, copy)
    run = execution(session, overrides_on(str(copy), str(finished_run.archive), **LONG))
    run_pipeline(run, wanted=[dag.TUNE])
    return run
