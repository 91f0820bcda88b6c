"""What Google's libraries raise, in one line with the cure."""

from __future__ import annotations

import re
from typing import Final

import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from movierec.errors import InputError, UserError


class RemoteError(UserError):
    """Google refused or failed a request."""


class CredentialsError(UserError):
    """There are no credentials, or they are no good."""


class WorkError(UserError):
    """A job, batch, workflow or operation ended badly."""


REMOTE: Final[tuple[type[Exception], ...]] = (
    api.GoogleAPIError,
    auth.GoogleAuthError,
    requests.exceptions.RequestException,
)
"""What Google's libraries raise where a request fails. RetryError, when they have tried for some
minutes, is a GoogleAPIError and no GoogleAPICallError."""
LOG_IN = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
# the word, not a name that has it in it; a quota project is none that ran out
_QUOTA = re.compile(
    r"(?<![-\w./])quotas?(?! project|[-\w/]|\.\w)|quota_?exceeded|insufficient .*resources|stockout"
    r"|exhausted",
    re.IGNORECASE,
)
_QUOTA_PROJECT = "run `gcloud auth application-default set-quota-project PROJECT`"
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
    error = _cause(error)
    message = one_line(getattr(error, "message", "") or error)
    if isinstance(error, UserError):
        return error
    if isinstance(error, auth.DefaultCredentialsError | auth.RefreshError | api.Unauthenticated):
        return CredentialsError(f"{place}: no valid Google credentials ({message}): {LOG_IN}")
    if isinstance(error, api.Forbidden) and "quota project" in message:
        return CredentialsError(f"{place}: no quota project ({message}): {_QUOTA_PROJECT}")
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
    if isinstance(error, api.BadRequest):
        hint = "" if place.startswith("gs://") else ": see what was asked with --dry-run"
        return RemoteError(f"{place}: refused as invalid ({message}){hint}")
    return RemoteError(f"{place}: {type(error).__name__}: {message}")


def cure(message: str) -> str:
    """Return what to do about a failure that Dataproc tells of, empty where nothing is known."""
    return _MORE if _QUOTA.search(message) else ""


def is_quota(error: Exception) -> bool:
    """Tell whether an error says that quota or machines ran out."""
    error = _cause(error)
    if isinstance(error, api.NotFound):
        return False
    return isinstance(error, api.ResourceExhausted) or (
        isinstance(error, api.GoogleAPICallError) and bool(_QUOTA.search(str(error)))
    )


def _cause(error: Exception) -> Exception:
    """Return what a library met when it gave up trying again, else the error itself."""
    if isinstance(error, api.RetryError) and isinstance(error.cause, Exception):
        return error.cause
    return error
