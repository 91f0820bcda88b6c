"""What Dataproc demands of the values in conf/cluster.yaml, as problems in a user's words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from movierec_dataproc.conf import naming
from movierec_dataproc.conf.machine_types import SHAPE

MAX_LABELS = 32
OWN_LABELS = ("suite", "job", "conf", "fingerprint", "commit", "results", "run", "definition")
_SECRET = re.compile(r"passw|secret|token|api_?key|credential", re.IGNORECASE)


def matches(key: str, value: str, pattern: re.Pattern[str], wanted: str) -> list[str]:
    """Return the problem of a value that does not look as it must, or none."""
    return [] if pattern.fullmatch(value) else [f"{key}: {wanted} was expected, not {value!r}"]


def cluster_name(key: str, value: str) -> list[str]:
    """Return the problem of a cluster's name, or none."""
    wanted = "up to 51 of a-z, 0-9 and -, a letter first and no - last"
    return matches(key, value, naming.CLUSTER_NAME, wanted)


def bucket_name(key: str, value: str | None) -> list[str]:
    """Return the problem of a bucket's name, or none."""
    if value is None:
        return []
    if value.startswith("gs://"):
        return [f"{key}: the name alone was expected, without gs://, not {value!r}"]
    return matches(key, value, naming.BUCKET_NAME, "3 to 222 of a-z, 0-9, -, _ and .")


def machine_type(key: str, value: str) -> list[str]:
    """Return the problem of a machine type's name, or none."""
    return matches(key, value, SHAPE, "a machine type such as n2-standard-4")


def span(key: str, value: float, *, minutes: tuple[int, int], unit: str) -> list[str]:
    """Return the problem of a time, `value` in `unit`, outside Dataproc's range, or none."""
    low, high = minutes
    size = {"minutes": 1, "hours": 60}[unit]
    if low <= value * size <= high:
        return []
    wanted = f"from {low} minutes to {high // 1440} days ({high / size:g} {unit})"
    return [f"{key}: {wanted} was expected, not {value:g} {unit}"]


def labels(key: str, values: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the user's own labels."""
    problems = []
    for name, value in values.items():
        place = f"{key}.{name}"
        wanted = "a label is up to 63 of a-z, 0-9, - and _, with a letter first in its name"
        if not (naming.LABEL_KEY.fullmatch(name) and naming.LABEL_VALUE.fullmatch(value)):
            problems.append(f"{place}: {wanted}, not {name!r}: {value!r}")
        elif name in OWN_LABELS or name.startswith("goog-"):
            problems.append(f"{place}: this label is set by the suite or by Google; take another")
    if len(values) > MAX_LABELS - len(OWN_LABELS):
        most = MAX_LABELS - len(OWN_LABELS)
        problems.append(f"{key}: at most {most} labels were expected, not {len(values)}")
    return problems


def properties(key: str, values: Mapping[str, str], *, prefixed: bool) -> list[str]:
    """Return what is wrong with properties: a missing file prefix, and secrets, which all can see.

    A cluster's are `file:property`, such as spark:spark.executor.memory; a batch's have no prefix.
    """
    problems = []
    for name in values:
        if prefixed and ":" not in name:
            problems.append(
                f"{key}.{name}: a file stands in front, as in spark:{name} (spark, hdfs, yarn, …)"
            )
        if _SECRET.search(name):
            problems.append(
                f"{key}.{name}: looks like a secret, and whoever may look at the cluster reads "
                "its properties; take Secret Manager"
            )
    return problems


def hdfs_folder(key: str, value: str) -> list[str]:
    """Return the problem of a folder that is none on HDFS, or none."""
    if re.fullmatch(r"hdfs://[^/]*/[^?#]*[^/?#]", value):
        return []
    return [f"{key}: a folder such as hdfs:///movierec/archives was expected, not {value!r}"]
