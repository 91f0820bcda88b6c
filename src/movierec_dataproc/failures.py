"""What Google's libraries raise, in one line with the cure."""

from __future__ import annotations

import re

from google.api_core import exceptions as api
from google.auth import exceptions as auth

from movierec.errors import InputError, UserError


class RemoteError(UserError):
    """Google refused or failed a request."""


class CredentialsError(UserError):
    """There are no credentials, or they are no good."""


class WorkError(UserError):
    """A job, batch, workflow or operation ended badly."""


LOG_IN = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
_QUOTA = re.compile(r"quota|insufficient .*resources|stockout|exhausted", re.IGNORECASE)
_MORE = (
    "lower machine types or counts under cluster: in conf/cluster.yaml, take another region or "
    "zone, or ask for quota (console: IAM & Admin, Quotas)"
)


def one_line(text: object) -> str:
    """Return the text without line breaks and runs of spaces."""
    return " ".join(str(text).split())


def explain(error: Exception, *, place: str) -> UserError:
    """Return what went wrong at `place` as an error for users.

    >>> str(explain(api.Forbidden("no"), place="gs://b")).partition(":")[0]
    'gs'
    """
    message = one_line(getattr(error, "message", "") or error)
    if isinstance(error, UserError):
        return error
    if isinstance(error, auth.DefaultCredentialsError | auth.RefreshError | api.Unauthenticated):
        return CredentialsError(f"{place}: no valid Google credentials ({message}): {LOG_IN}")
    if is_quota(error):
        return RemoteError(f"{place}: quota or capacity is short ({message}): {_MORE}")
    if isinstance(error, api.Forbidden):
        return RemoteError(
            f"{place}: permission denied ({message}): the account needs roles/dataproc.editor, "
            "roles/storage.objectUser on the bucket, and roles/iam.serviceAccountUser on the "
            "cluster's service account"
        )
    if isinstance(error, api.NotFound):
        return InputError(f"{place}: not found ({message}): check the name, project and region")
    if isinstance(error, api.InvalidArgument | api.BadRequest):
        return RemoteError(f"{place}: Dataproc refuses it ({message}): see --dry-run")
    return RemoteError(f"{place}: {type(error).__name__}: {message}")


def cure(message: str) -> str:
    """Return what to do about a failure that Dataproc tells of, empty where nothing is known."""
    return _MORE if _QUOTA.search(message) else ""


def is_quota(error: Exception) -> bool:
    """Tell whether an error says that quota or machines ran out."""
    return isinstance(error, api.ResourceExhausted) or (
        isinstance(error, api.GoogleAPICallError) and bool(_QUOTA.search(str(error)))
    )
