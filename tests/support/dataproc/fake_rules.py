"""Dataproc's rules, from the docstrings of google.cloud.dataproc_v1's messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import grpc
from google.cloud import dataproc_v1 as dp

from tests.support.dataproc.fake_server import ApiError

CLUSTER_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,49}[a-z0-9])?")
MANAGED_CLUSTER_PREFIX = re.compile(r"[a-z][-a-z0-9]{0,33}[a-z0-9]")
JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
# also the rule for the ids of autoscaling policies
STEP_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,48}[A-Za-z0-9]")
BATCH_ID = re.compile(r"[a-z0-9-]{4,63}")
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")

MINUTE, DAY = 60, 86400


def invalid(message: str) -> ApiError:
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(what: str) -> ApiError:
    return ApiError(grpc.StatusCode.NOT_FOUND, f"Not found: {what}")


def already_exists(what: str) -> ApiError:
    return ApiError(grpc.StatusCode.ALREADY_EXISTS, f"Already exists: {what}")


def check_name(what: str, name: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(name):
        raise invalid(f"Invalid {what} {name!r}: it must match {pattern.pattern}")


def check_labels(labels: Mapping[str, str]) -> None:
    """At most 32, of lower-case letters, digits, `_` and `-`; a key begins with a letter."""
    if len(labels) > 32:
        raise invalid(f"No more than 32 labels are allowed, got {len(labels)}")
    for key, value in labels.items():
        check_name("label key", key, LABEL_KEY)
        check_name(f"value of label {key!r}:", value, LABEL_VALUE)


def check_duration(message: Any, name: str, low: int, high: int) -> None:
    """A message's duration, if it is set, is in [low, high] seconds."""
    if name not in message:
        return
    seconds = getattr(message, name).total_seconds()
    if not low <= seconds <= high:
        raise invalid(f"{name} must be from {low} s to {high} s, got {seconds:g} s")


def check_lifecycle(lifecycle: dp.LifecycleConfig) -> None:
    """Times to live: idle ones from 5 minutes, absolute ones from 10 minutes, to 14 days."""
    for kind, low in (("idle", 5), ("auto", 10)):
        check_duration(lifecycle, f"{kind}_delete_ttl", low * MINUTE, 14 * DAY)


def check_quota(config: dp.ClusterConfig) -> None:
    """The quotas of a new project: 12 vCPUs, and 500 GB of SSD, which pd-balanced counts as."""
    used = {"CPUS": 0, "SSD_TOTAL_GB": 0}
    for group in (config.master_config, config.worker_config, config.secondary_worker_config):
        size = re.search(r"-(\d+)$", group.machine_type_uri)
        used["CPUS"] += group.num_instances * int(size[1] if size else 0)
        if group.disk_config.boot_disk_type != "pd-standard":
            used["SSD_TOTAL_GB"] += group.num_instances * group.disk_config.boot_disk_size_gb
    for name, limit in (("CPUS", 12), ("SSD_TOTAL_GB", 500)):
        if used[name] > limit:
            raise invalid(
                f"Insufficient '{name}' quota. Requested {used[name]}.0, available {limit}.0."
            )


def check_policy(policy: dp.AutoscalingPolicy) -> None:
    """The bounds of an autoscaling policy."""
    check_name("policy id", policy.id, STEP_ID)
    check_labels(policy.labels)
    algorithm = policy.basic_algorithm
    check_duration(algorithm, "cooldown_period", 2 * MINUTE, DAY)
    yarn = algorithm.yarn_config
    if "graceful_decommission_timeout" not in yarn:
        raise invalid("yarn_config.graceful_decommission_timeout is required")
    check_duration(yarn, "graceful_decommission_timeout", 0, DAY)
    if not (0 <= yarn.scale_up_factor <= 1 and 0 <= yarn.scale_down_factor <= 1):
        raise invalid("the factors must be from 0 to 1")
    for group, low in ((policy.worker_config, 2), (policy.secondary_worker_config, 0)):
        if not low <= group.min_instances <= group.max_instances:
            raise invalid(f"{group.min_instances} to {group.max_instances} is no range")


def check_python(job: dp.PySparkJob | dp.PySparkBatch) -> None:
    """The main file is a .py; PySpark accepts no wheels."""
    if not job.main_python_file_uri.endswith(".py"):
        raise invalid(f"main_python_file_uri must be a .py file: {job.main_python_file_uri!r}")
    for uri in job.python_file_uris:
        if not uri.endswith((".py", ".egg", ".zip")):
            raise invalid(f"Unsupported file type in python_file_uris: {uri!r}")


def check_template(template: dp.WorkflowTemplate) -> None:
    """A managed cluster, and steps of which each needs only earlier ones."""
    if "managed_cluster" not in template.placement:
        raise invalid("placement.managed_cluster is required")
    managed = template.placement.managed_cluster
    check_name("cluster name prefix", managed.cluster_name, MANAGED_CLUSTER_PREFIX)
    check_labels({**template.labels, **managed.labels})
    check_duration(template, "dag_timeout", 10 * MINUTE, DAY)
    known: set[str] = set()
    for step in template.jobs:
        check_name("step id", step.step_id, STEP_ID)
        check_labels({**template.labels, **step.labels})
        check_python(step.pyspark_job)
        if step.step_id in known or not known.issuperset(step.prerequisite_step_ids):
            raise invalid(f"Step {step.step_id} is there twice, or needs what is no earlier step")
        known.add(step.step_id)


def split_parent(parent: str, *, collections: str = "regions|locations") -> tuple[str, str]:
    """Project and region of `projects/P/regions/R`; batches have `locations` only."""
    match = re.fullmatch(rf"projects/([^/]+)/(?:{collections})/([^/]+)", parent)
    if not match:
        raise invalid(f"Invalid resource name {parent!r}")
    return match[1], match[2]
