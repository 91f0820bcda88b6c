"""Names that follow Dataproc's rules: of labels, jobs, requests and clusters."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from typing import Any, Final

SUITE: Final = "movierec"
_NAMESPACE: Final = uuid.UUID("6d6f7669-6572-6563-8000-646174617072")


def label_value(text: str) -> str:
    """Return the text as a label's value; other characters become hyphens.

    A text of other characters only becomes its `digest`.

    >>> label_value("Full run, v1.2")
    'full-run-v1-2'
    """
    label = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
    return label or (digest(text) if text else "")


def digest(*parts: Any) -> str:
    """Return 12 hexadecimal digits of a hash of the parts, which are JSON values."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def work_id(job: str, identity: str) -> str:
    """Return the id of a job or batch, from lower-case letters, digits and hyphens only.

    A batch's id allows no others.

    >>> work_id("tune_als", "0123456789ab")
    'movierec-tune-als-0123456789ab'
    """
    return f"{SUITE}-{label_value(job)}-{identity}"


def attempt_id(first: str, attempt: int) -> str:
    """Return the id of the n-th attempt; the first attempt has the id `first`.

    >>> attempt_id("movierec-ingest-0123456789ab", 2)
    'movierec-ingest-0123456789ab-2'
    """
    return first if attempt == 1 else f"{first}-{attempt}"


def request_id(*parts: str) -> str:
    """Return a UUID that is the same for the same parts, so that a request is executed once.

    >>> request_id("a") == request_id("a") != request_id("b")
    True
    """
    return str(uuid.uuid5(_NAMESPACE, "\n".join(parts)))


def new_request_id() -> str:
    """Return a new UUID, for a request that creates or deletes a cluster.

    It must differ each time: for the id of a cluster that has been deleted since, Dataproc returns
    the old operation and creates nothing.
    """
    return str(uuid.uuid4())
