"""The fake servers in place of Google Cloud, and the environment that names them."""

import pytest

from movierec_dataproc.commands.preparation import prepare
from tests.support.dataproc.cli_runner import BUCKET, CliRunner, arguments_for, tiny_conf
from tests.support.dataproc.fake_dataproc import FakeDataproc
from tests.support.dataproc.fake_storage import PROJECT, FakeStorage
from tests.support.dataproc.real_clients import RealClients


@pytest.fixture(scope="session")
def storage_process():
    """One storage server for all tests; ask for `storage_server` instead."""
    with FakeStorage() as storage:
        yield storage


@pytest.fixture
def storage_server(storage_process, monkeypatch):
    """A storage server without buckets, which STORAGE_EMULATOR_HOST names."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_process.url)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    yield storage_process
    storage_process.clear()


@pytest.fixture
def server(storage_server, monkeypatch):
    """A Dataproc without clusters, which DATAPROC_EMULATOR_HOST names, and the suite's bucket.

    Driver output goes to `storage_server`.
    """
    storage_server.create_bucket(BUCKET)
    with FakeDataproc(storage=storage_server) as server:
        monkeypatch.setenv("DATAPROC_EMULATOR_HOST", server.address)
        yield server


@pytest.fixture
def clients(server):
    """The library's clients, connected to `server`."""
    return RealClients(server.address)


@pytest.fixture
def plan(tmp_path):
    """The plan for a tiny conf on a cluster."""
    wanted = arguments_for(tiny_conf(tmp_path), "twins.min_movies=7")
    return prepare(wanted, CliRunner().context(), place="cluster")
