"""Where the clients connect to, and what they say without credentials."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.auth.credentials import AnonymousCredentials

from movierec.errors import InputError
from movierec_dataproc.clients import Clients
from movierec_dataproc.failures import CredentialsError, explain
from tests.dataproc.fake_dataproc import FakeDataproc
from tests.dataproc.scenes import Scene

ALL = ("clusters", "jobs", "workflows", "batches", "policies")


def test_every_client_goes_to_the_region_s_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    def default(*_: object, **__: object) -> tuple[AnonymousCredentials, str]:
        return AnonymousCredentials(), "p"  # type: ignore[no-untyped-call, unused-ignore]

    monkeypatch.setattr("google.auth.default", default)
    clients = Clients(project="p", region="europe-west1", environ={})
    for name in ALL:
        assert getattr(clients, name).api_endpoint == "europe-west1-dataproc.googleapis.com:443"


def test_an_emulator_needs_no_credentials(dataproc_server: FakeDataproc) -> None:
    clients = Clients(
        project="p", region="r", environ={"DATAPROC_EMULATOR_HOST": dataproc_server.address}
    )
    assert list(clients.clusters.list_clusters(project_id="p", region="r")) == []
    assert list(clients.jobs.list_jobs(project_id="p", region="r")) == []


def test_a_channel_can_be_put_in(dataproc_server: FakeDataproc) -> None:
    with grpc.insecure_channel(dataproc_server.address) as channel:
        clients = Clients(project="p", region="r", channel=channel, environ={})
        assert list(clients.clusters.list_clusters(project_id="p", region="r")) == []


@pytest.mark.parametrize("name", [*ALL, "storage"])
def test_missing_credentials_have_a_cure(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    clients = Clients(project="p", region="europe-west1", environ={})
    with pytest.raises(CredentialsError, match="gcloud auth application-default login") as caught:
        getattr(clients, name)
    assert "\n" not in str(caught.value)


def test_a_command_without_credentials_ends_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATAPROC_EMULATOR_HOST", raising=False)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    scene = Scene()
    assert scene.run("cluster-status") == 1
    assert len(scene.said.splitlines()) == 1
    assert scene.written == ""


@pytest.mark.parametrize(
    ("error", "told", "code"),
    [
        (api.PermissionDenied("no"), "roles/dataproc.editor", 1),
        (api.Forbidden("no"), "roles/storage.objectUser", 1),
        (api.Unauthenticated("who"), "gcloud auth application-default login", 1),
        (auth.RefreshError("old"), "gcloud auth application-default login", 1),
        (api.NotFound("gone"), "check the name, project and region", 3),
        (api.ResourceExhausted("CPUS"), "lower machine types or counts", 1),
        (api.InvalidArgument("Insufficient 'CPUS' quota"), "lower machine types or counts", 1),
        (api.InvalidArgument("bad"), "see --dry-run", 1),
        (api.Unknown("a\nb"), "Unknown: a b", 1),
        (InputError("as it is"), "as it is", 3),
    ],
)
def test_google_s_errors_in_a_line_with_the_cure(error: Exception, told: str, code: int) -> None:
    explained = explain(error, place="here")
    assert told in str(explained)
    assert "\n" not in str(explained)
    assert explained.exit_code == code
