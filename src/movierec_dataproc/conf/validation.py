"""Dataproc's rules for the values in conf/cluster.yaml; a check returns the problems, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping

from movierec_dataproc.conf import naming
from movierec_dataproc.conf.machine_types import MACHINE_TYPE

MAX_LABELS = 32
OWN_LABELS = ("suite", "job", "conf", "fingerprint", "commit", "results", "run", "definition")
_SECRET = re.compile(r"passw|secret|token|api_?key|credential", re.IGNORECASE)


def check_pattern(key: str, value: str | None, pattern: re.Pattern[str], wanted: str) -> list[str]:
    """Check that a value, if there is one, matches the pattern, which `wanted` describes."""
    if value is None or pattern.fullmatch(value):
        return []
    return [f"{key}: {wanted} was expected, not {value!r}"]


def check_cluster_name(key: str, value: str) -> list[str]:
    """Check the name of a cluster or policy."""
    wanted = "up to 51 of a-z, 0-9 and -, starting with a letter and not ending with -"
    return check_pattern(key, value, naming.CLUSTER_NAME, wanted)


def check_bucket_name(key: str, value: str | None) -> list[str]:
    """Check the name of a bucket, if there is one."""
    if value is not None and value.startswith("gs://"):
        return [f"{key}: a name without gs:// was expected, not {value!r}"]
    return check_pattern(key, value, naming.BUCKET_NAME, "3 to 222 of a-z, 0-9, -, _ and .")


def check_machine_type(key: str, value: str) -> list[str]:
    """Check that the name of a machine type has the usual form."""
    return check_pattern(key, value, MACHINE_TYPE, "a machine type such as n2-standard-4")


def check_duration(key: str, value: float, *, minutes: tuple[int, int], unit: str) -> list[str]:
    """Check that a time, `value` in `unit`, is in Dataproc's range of minutes."""
    low, high = minutes
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
        if not (naming.LABEL_KEY.fullmatch(name) and naming.LABEL_VALUE.fullmatch(value)):
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


def check_hdfs_folder(key: str, value: str) -> list[str]:
    """Check that a value is the URI of a folder on HDFS."""
    if re.fullmatch(r"hdfs://[^/]*/[^?#]*[^/?#]", value):
        return []
    return [f"{key}: a folder such as hdfs:///movierec/archives was expected, not {value!r}"]
