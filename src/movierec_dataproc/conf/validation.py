"""Dataproc's rules for the values in conf/cluster.yaml; a check returns the problems, or none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, Final

from google.cloud import dataproc_v1 as dp
from google.protobuf import json_format

Form = tuple[str, str]
"""A regular expression, and what it means in a message."""
# of a policy too
CLUSTER_NAME: Final[Form] = (
    r"[a-z]([-a-z0-9]{0,49}[a-z0-9])?",
    "up to 51 of a-z, 0-9 and -, starting with a letter and not ending with -",
)
BUCKET_NAME: Final[Form] = (
    r"[a-z0-9][-_.a-z0-9]{1,220}[a-z0-9]",
    "a name without gs://, of 3 to 222 of a-z, 0-9, -, _ and .,",
)
MACHINE_TYPE: Final[Form] = (r"[a-z][a-z0-9]*(-[a-z0-9]+)+", "a machine type such as n2-standard-4")
IMAGE: Final[Form] = (r"\d+\.\d+(\.\d+)?(-[a-z]+\d+)?", "a version such as 3.0-debian13")
PROJECT: Final[Form] = (r"[a-z][-a-z0-9.:]{3,60}[a-z0-9]", "an id")
REGION: Final[Form] = (r"[a-z]+-[a-z]+\d+", "a region such as europe-west1")
FOLDER: Final[Form] = (r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", "a folder without / at its ends")
HDFS_FOLDER: Final[Form] = (
    r"hdfs://[^/]*/[^?#]*[^/?#]",
    "a folder such as hdfs:///movierec/archives",
)
MAX_LABELS: Final = 32
OWN_LABELS: Final = {"suite", "job", "conf", "fingerprint", "commit", "definition"}
_LABEL_KEY: Final = re.compile(r"[a-z][-_a-z0-9]{0,62}")
_LABEL_VALUE: Final = re.compile(r"[-_a-z0-9]{0,63}")
_UNKNOWN: Final = re.compile(r'no field named "(\w+)" at "ClusterConfig\.?(.*?)".*Fields(.*)')
_SECRET: Final = re.compile(r"passw|secret|token|api_?key|credential", re.IGNORECASE)


def check_form(key: str, value: str | None, form: Form) -> list[str]:
    """Check that a value, if there is one, has the form."""
    pattern, wanted = form
    if value is None or re.fullmatch(pattern, value):
        return []
    # a bucket's URI, and a zone in place of its region
    meant = re.sub(r"^gs://|/+$|(?<=\d)-[a-z]$", "", value)
    hint = f": write {meant}" if re.fullmatch(pattern, meant) else ""
    return [f"{key}: {wanted} was expected, not {value!r}{hint}"]


def check_duration(key: str, value: float, *, low: int, high: int = 14 * 24 * 60) -> list[str]:
    """Check that a time is in Dataproc's range of minutes; `key` ends in its unit, _minutes or
    _hours."""
    unit = key.rpartition("_")[2]
    size = {"minutes": 1, "hours": 60}[unit]
    if low <= value * size <= high:
        return []
    days = f"{high // 1440} day{'s' if high > 1440 else ''}"
    wanted = f"from {low} minutes to {days} ({high / size:g} {unit})"
    return [f"{key}: {wanted} was expected, not {value:g} {unit}"]


def check_labels(key: str, values: Mapping[str, str]) -> list[str]:
    """Check the user's own labels."""
    problems = []
    for name, value in values.items():
        place = f"{key}.{name}"
        wanted = "a label has up to 63 of a-z, 0-9, - and _, and its name starts with a letter"
        if not (_LABEL_KEY.fullmatch(name) and _LABEL_VALUE.fullmatch(value)):
            problems.append(f"{place}: {wanted}, not {name!r}: {value!r}")
        elif name in OWN_LABELS or name.startswith("goog-"):
            problems.append(f"{place}: the suite or Google sets this label: choose another name")
    if len(values) > MAX_LABELS - len(OWN_LABELS):
        most = MAX_LABELS - len(OWN_LABELS)
        problems.append(f"{key}: at most {most} labels were expected, not {len(values)}")
    return problems


def check_properties(key: str, values: Mapping[str, str], *, prefixed: bool) -> list[str]:
    """Check properties for a missing file prefix, and for secrets, which many users can read.

    A cluster's are `file:property`, such as spark:spark.executor.memory; a batch's have no prefix.
    """
    problems = []
    for name in values:
        if prefixed and ":" not in name:
            problems.append(
                f"{key}.{name}: a prefix was expected, as in spark:{name} (or hdfs:, yarn:, …)"
            )
        if _SECRET.search(name):
            problems.append(
                f"{key}.{name}: looks like a secret, and everybody who can view the cluster can "
                "read its properties: use Secret Manager"
            )
    return problems


def parse_extra(extra: dict[str, Any]) -> Any:
    """Return the fields as the protobuf message of a ClusterConfig. Raises ParseError."""
    return json_format.ParseDict(extra, dp.ClusterConfig.pb(dp.ClusterConfig()))


def check_extra(key: str, extra: dict[str, Any]) -> list[str]:
    """Check fields of a ClusterConfig against the message type of Google's library."""
    try:
        parse_extra(extra)
    except json_format.ParseError as error:
        text = " ".join(str(error).split())
        if unknown := _UNKNOWN.search(text):
            place = ".".join(filter(None, (key, unknown[2], unknown[1])))
            names = [
                re.sub("(?=[A-Z])", "_", name).lower()
                for name in re.findall(r"'(\w+)'", unknown[3])
            ]
            near = difflib.get_close_matches(unknown[1], names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known fields: {', '.join(names)}"
            return [f"{place}: unknown field; {hint}"]
        path = ".".join((key, *re.findall(r"Failed to parse (\w+) field", text)))
        return [f"{path}: {text.rpartition(' field: ')[2].rstrip('.')}"]
    return []
