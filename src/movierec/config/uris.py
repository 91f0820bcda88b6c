"""Paths and URIs as conf gives them."""

from __future__ import annotations

import os
import re
from typing import Final

from movierec.errors import ConfigError, InputError

SCHEMES: Final = ("file", "hdfs", "gs")


def resolve_uri(value: str, *, key: str) -> str:
    """Return the path or URI as an absolute URI without a trailing slash.

    A plain path, and a relative one behind `file:`, is taken from the working directory. `key`
    names the value in the ConfigError that an unknown scheme raises.
    """
    match = re.match(r"^([A-Za-z][A-Za-z0-9+.-]*):(.*)$", value)
    scheme, rest = match.groups() if match else ("file", value)
    if scheme not in SCHEMES:
        allowed = ", ".join(f"{scheme}:" for scheme in SCHEMES)
        raise ConfigError([f"{key}: {value!r} has the scheme {scheme}:, not one of {allowed}"])
    if scheme == "file":
        path = re.sub(r"^//(?=/)", "", rest)
        if path.startswith("//"):
            raise ConfigError([f"{key}: {value!r} names a host; write file:///path"])
        return "file://" + os.path.abspath(path)
    return value.rstrip("/")


def is_local(uri: str) -> bool:
    """Tell whether plain Python can read the resolved URI."""
    return uri.startswith("file:")


def local_path(uri: str) -> str:
    """Return the path of a resolved `file:` URI."""
    return uri.removeprefix("file://")


def absent(uri: str) -> InputError:
    """Return what to raise where the archive is not there."""
    return InputError(f"source.archive: there is no {uri}; {how_to_bring(uri)}")


def how_to_bring(uri: str) -> str:
    """Return how an archive gets to where it is looked for."""
    if is_local(uri):
        return "fetch it with `make data` or name another with ARCHIVE="
    command = "make submit JOB=stage_in" if uri.startswith("hdfs:") else "make upload"
    return f"bring it there with `{command}`"
