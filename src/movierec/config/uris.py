"""The paths and URIs in a conf."""

from __future__ import annotations

import os
import re
from typing import Final

from movierec.errors import ConfigError, InputError

SCHEMES: Final = ("file", "hdfs", "gs")


def resolve_uri(value: str, *, key: str) -> str:
    """Return the path or URI as an absolute URI without a trailing slash.

    A relative path, plain or after `file:`, starts at the working directory; `~` in front is the
    home directory. `key` names the value in the ConfigError that an unknown scheme raises.
    """
    match = re.match(r"^([A-Za-z][A-Za-z0-9+.-]*):(.*)$", value)
    scheme, rest = match.groups() if match else ("file", value)
    if scheme not in SCHEMES:
        allowed = ", ".join(f"{scheme}:" for scheme in SCHEMES)
        raise ConfigError(
            [
                f"{key}: {value!r} has the scheme {scheme}:, not one of {allowed}; for a file of "
                "that name put ./ in front"
            ]
        )
    if scheme == "file":
        path = re.sub(r"^//(?=/)", "", rest)
        if path.startswith("//"):
            raise ConfigError([f"{key}: {value!r} names a host; write file:///path"])
        return "file://" + os.path.abspath(os.path.expanduser(path))
    return value.rstrip("/")


def pattern_fault(uri: str, *, key: str) -> list[str]:
    """Return the problem of a directory that Spark would take for a pattern, or none."""
    special = sorted(set(uri) & set("*?[]{}\\"))
    if not special:
        return []
    shown = " ".join(special)
    return [f"{key}: {uri!r} has {shown}, of which Spark makes a pattern: use another directory"]


def is_local(uri: str) -> bool:
    """Return whether plain Python can read the resolved URI."""
    return uri.startswith("file:")


def local_path(uri: str) -> str:
    """Return the path of a resolved `file:` URI."""
    return uri.removeprefix("file://")


def missing_archive(uri: str) -> InputError:
    """Return the error for an archive that does not exist."""
    return InputError(f"source.archive: there is no {uri}; {how_to_provide(uri)}")


def how_to_provide(uri: str) -> str:
    """Return the command that puts an archive there."""
    if is_local(uri):
        return "fetch it with `make data` or name another with ARCHIVE="
    command = "make submit JOB=stage_in" if uri.startswith("hdfs:") else "make upload"
    return f"copy it there with `{command}`"
