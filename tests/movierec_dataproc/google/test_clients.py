"""The clients' endpoints, and Google's errors as one-line messages (errors too)."""

import pytest
import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from movierec.errors import InputError, UserError
from movierec_dataproc.google import clusters
from movierec_dataproc.google.bucket import Bucket
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.errors import CredentialsError, explain
from tests.support.dataproc.cli_runner import CliRunner

AWAY = requests.exceptions.ConnectionError("away")
ALL = ("clusters", "jobs", "workflows", "batches", "policies")


def test_every_client_goes_to_the_region_s_endpoint(monkeypatch):
    found = (AnonymousCredentials(), "p")
    monkeypatch.setattr("google.auth.default", lambda *_, **__: found)
    clients = Clients(project="p", region="europe-west1", environ={})
    for name in ALL:
        assert getattr(clients, name).api_endpoint == "europe-west1-dataproc.googleapis.com:443"


@pytest.mark.parametrize("name", [*ALL, "storage"])
def test_missing_credentials_are_explained(name, monkeypatch, tmp_path):
    for variable in ("STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    clients = Clients(project="p", region="europe-west1", environ={})
    with pytest.raises(CredentialsError, match="gcloud auth application-default login") as caught:
        getattr(clients, name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "expected", "code"),
    [
        (api.PermissionDenied("no"), "roles/dataproc.editor", 1),
        (api.Forbidden("no"), "roles/storage.objectUser", 1),
        (api.Unauthenticated("who"), "gcloud auth application-default login", 1),
        (auth.RefreshError("old"), "gcloud auth application-default login", 1),
        (api.NotFound("gone"), "check the name, project and region", 3),
        (api.ResourceExhausted("CPUS"), "lower machine types or counts", 1),
        (api.InvalidArgument("Insufficient 'CPUS' quota"), "lower machine types or counts", 1),
        (api.InvalidArgument("bad"), "invalid (bad): see the request with --dry-run", 1),
        (api.Forbidden("This API requires a quota project"), "default set-quota-project", 1),
        (api.Forbidden("no access to https://x/b/my-quota.bucket/o"), "permission denied", 1),
        (api.Forbidden("Quota exceeded for quota metric 'R'"), "too many requests: wait a min", 1),
        (api.InvalidArgument("Insufficient 'SSD_TOTAL_GB' quota"), "lower the disk_gb", 1),
        (api.ResourceExhausted("ZONE_RESOURCE_POOL_EXHAUSTED"), "no free machines of this ty", 1),
        (api.NotFound("there is no quota here"), "check the name, project and region", 3),
        (api.RetryError("60 s", api.ServiceUnavailable("a\nb")), "ServiceUnavailable: a b", 1),
        (api.RetryError("60 s", None), "here: RetryError: 60 s", 1),
        (api.Unknown("a\nb"), "Unknown: a b", 1),
        (InputError("as it is"), "as it is", 3),
    ],
)
def test_google_s_errors_become_one_line_with_a_fix(error, expected, code):
    explained = explain(error, place="here")
    assert expected in str(explained)
    assert "\n" not in str(explained)
    assert explained.exit_code == code


def test_no_dry_run_shows_a_request_to_storage():
    refused = explain(api.BadRequest("bad"), place="gs://b/x")
    assert str(refused) == "gs://b/x: refused as invalid (bad)"


@pytest.mark.parametrize("error", [AWAY, api.RetryError("Timeout of 120.0s exceeded", AWAY)])
def test_a_lasting_network_failure_ends_in_one_line(monkeypatch, error):
    def away(*_, **__):
        raise error

    monkeypatch.setattr(clusters, "get", away)
    cli = CliRunner()
    assert cli.run("cluster-status") == 1
    assert cli.stderr == "dataproc: cluster-status: ConnectionError: away\n"
    monkeypatch.setattr(storage.Bucket, "get_blob", away)
    bucket = Bucket(storage.Client.create_anonymous_client(), "b")
    with pytest.raises(UserError, match="gs://b/x: ConnectionError: away"):
        bucket.sha256("x")
