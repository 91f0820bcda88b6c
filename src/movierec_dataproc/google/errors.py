"""Google's exceptions as one-line messages with a suggested fix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from movierec.errors import InputError, UserError


class RemoteError(UserError):
    """Google refused or failed a request."""


class CredentialsError(UserError):
    """Credentials are missing or not accepted."""


class WorkError(UserError):
    """A job, batch, workflow or operation failed, or exceeded its time limit."""


REMOTE: Final[tuple[type[Exception], ...]] = (
    api.GoogleAPIError,
    auth.GoogleAuthError,
    requests.exceptions.RequestException,
)
"""What Google's libraries raise when a request fails. RetryError, which ends some minutes of
retries, is a GoogleAPIError but no GoogleAPICallError."""
_LOGIN_FIX = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
# the word alone: not part of a name, and not in "quota project", which is about credentials
_QUOTA = re.compile(
    r"(?<![-\w./])quotas?(?! project|[-\w/]|\.\w)|quota_?exceeded|insufficient .*resources|stockout"
    r"|exhausted",
    re.IGNORECASE,
)
_QUOTA_PROJECT_FIX = "run `gcloud auth application-default set-quota-project PROJECT`"
# the first that matches a message
_QUOTA_FIXES = [
    (
        r"insufficient .*resources|stockout|pool_?exhausted",
        "Google has no free machines of this type there: try later, or set another "
        "cluster.zone, region or machine_type",
    ),
    (r"quota metric|per minute", "too many requests: wait a minute and run it again"),
    (
        r"SSD|DISK",
        "lower the disk_gb under cluster: in conf/cluster.yaml, set disk_type: pd-standard, or ask "
        "for quota (console: IAM & Admin, Quotas)",
    ),
    (
        "",
        "lower machine types or counts under cluster: in conf/cluster.yaml, use another region, or "
        "ask for quota (console: IAM & Admin, Quotas)",
    ),
]


def one_line(text: object) -> str:
    """Return the text without line breaks and runs of spaces."""
    return " ".join(str(text).split())


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn what Google's libraries raise inside into UserErrors (see explain)."""
    try:
        yield
    except REMOTE as error:
        raise explain(error, place=place) from None


def explain(error: Exception, *, place: str) -> UserError:
    """Return the error as a UserError whose one-line message starts with `place`.

    >>> str(explain(api.Forbidden("no"), place="gs://b")).partition(":")[0]
    'gs'
    """
    error = _cause(error)
    message = one_line(getattr(error, "message", "") or error)
    if isinstance(error, UserError):
        return error
    if isinstance(error, auth.DefaultCredentialsError | auth.RefreshError | api.Unauthenticated):
        return CredentialsError(f"{place}: no valid Google credentials ({message}): {_LOGIN_FIX}")
    if isinstance(error, api.Forbidden) and "quota project" in message:
        return CredentialsError(f"{place}: no quota project ({message}): {_QUOTA_PROJECT_FIX}")
    if is_quota_error(error):
        return RemoteError(
            f"{place}: quota or capacity is short ({message}): {_quota_fix(message)}"
        )
    if isinstance(error, api.Forbidden):
        return RemoteError(
            f"{place}: permission denied ({message}): the account needs roles/dataproc.editor, "
            "roles/storage.objectUser on the bucket, and roles/iam.serviceAccountUser on the "
            "cluster's service account"
        )
    if isinstance(error, api.NotFound):
        return InputError(f"{place}: not found ({message}): check the name, project and region")
    if isinstance(error, api.BadRequest):
        hint = "" if place.startswith("gs://") else ": see the request with --dry-run"
        return RemoteError(f"{place}: refused as invalid ({message}){hint}")
    return RemoteError(f"{place}: {type(error).__name__}: {message}")


def suggest_fix(message: str) -> str:
    """Return the suggested fix for a failure message of Dataproc, empty if none is known."""
    return _quota_fix(message) if _QUOTA.search(message) else ""


def _quota_fix(message: str) -> str:
    return next(fix for form, fix in _QUOTA_FIXES if re.search(form, message, re.IGNORECASE))


def is_quota_error(error: Exception) -> bool:
    """Tell whether the error says that the quota or the free machines are used up."""
    error = _cause(error)
    if isinstance(error, api.NotFound):
        return False
    return isinstance(error, api.ResourceExhausted) or (
        isinstance(error, api.GoogleAPICallError) and bool(_QUOTA.search(str(error)))
    )


def _cause(error: Exception) -> Exception:
    """Return the error behind a library's RetryError, else the error itself."""
    if isinstance(error, api.RetryError) and isinstance(error.cause, Exception):
        return error.cause
    return error
