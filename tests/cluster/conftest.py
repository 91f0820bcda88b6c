"""One Hadoop for all tests here. They need Java and Maven, and run by `make test-cluster` only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.hadoop import Hadoop, running_hadoop
from tests.cluster.submission import Submitter


@pytest.fixture(scope="session")
def hadoop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    """HDFS and YARN with two nodes."""
    with running_hadoop(tmp_path_factory.mktemp("hadoop"), os.environ["JAVA_HOME"]) as cluster:
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
    submitter.run("stage_in", "--source", source, "--target", uri, master="local[1]")
    return uri
