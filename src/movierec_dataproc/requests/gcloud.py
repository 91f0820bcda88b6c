"""The gcloud command lines with the same effect as our requests."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

import yaml
from google.cloud import dataproc_v1 as dp

from movierec_dataproc.conf.target import Target
from movierec_dataproc.requests.clusters import ACTION_TIMEOUT, ZERO_WORKERS

Command = list[str]
Options = list[tuple[str, Any]]
"""Names without -- and values; True makes a switch, and an empty value leaves the option out."""


def shell(command: Command) -> str:
    """Return the command as text for a shell, one option per line.

    >>> print(shell(["gcloud", "dataproc", "--region=r", "--", "a b"]))
    gcloud dataproc \\
      --region=r \\
      -- 'a b'
    """
    text = ""
    in_arguments = False
    for word in command:
        breaks = word.startswith("--") and not in_arguments
        in_arguments = in_arguments or word == "--"
        text += (" \\\n  " if breaks else " ") + shlex.quote(word)
    return text.lstrip()


def duration(time: Any) -> str:
    """Return a timedelta in seconds, which every option of gcloud accepts."""
    return f"{int(time.total_seconds())}s"


def pairs(values: Mapping[str, str]) -> str:
    """Return a mapping in gcloud's format, with another separator if a value has a comma.

    >>> pairs({"a": "1", "b": "2"}), pairs({"a": "1,2"})
    ('a=1,b=2', '^#^a=1,2')
    """
    items = [f"{key}={value}" for key, value in sorted(values.items())]
    if not any("," in item for item in items):
        return ",".join(items)
    separator = next(one for one in "#;|~@!%" if not any(one in item for item in items))
    return f"^{separator}^" + separator.join(items)


def create_cluster(request: dp.CreateClusterRequest, *, target: Target) -> Command:
    """Return `gcloud dataproc clusters create` for the request, without its request id."""
    cluster, config = request.cluster, request.cluster.config
    # --single-node sets the property itself, and gcloud refuses it in --properties
    properties = {k: v for k, v in config.software_config.properties.items() if k != ZERO_WORKERS}
    machines, lifecycle = config.gce_cluster_config, config.lifecycle_config
    actions = config.initialization_actions
    shielded = machines.shielded_instance_config
    options: Options = [
        ("action-on-failed-primary-workers", request.action_on_failed_primary_workers.name),
        ("image-version", config.software_config.image_version),
        ("bucket", config.config_bucket),
        ("temp-bucket", config.temp_bucket),
        ("zone", machines.zone_uri),
        ("subnet", machines.subnetwork_uri),
        ("no-address" if machines.internal_ip_only else "public-ip-address", True),
        ("service-account", machines.service_account),
        ("scopes", ",".join(machines.service_account_scopes)),
        ("metadata", pairs(machines.metadata)),
        ("shielded-secure-boot", shielded.enable_secure_boot),
        ("shielded-vtpm", shielded.enable_vtpm),
        ("shielded-integrity-monitoring", shielded.enable_integrity_monitoring),
        *_group("master", config.master_config),
        *_workers(config),
        ("autoscaling-policy", config.autoscaling_config.policy_uri),
        ("delete-max-idle", duration(lifecycle.idle_delete_ttl)),
        ("delete-max-age", duration(lifecycle.auto_delete_ttl)),
        ("enable-component-gateway", config.endpoint_config.enable_http_port_access),
        ("initialization-actions", ",".join(one.executable_file for one in actions)),
        ("initialization-action-timeout", duration(ACTION_TIMEOUT) if actions else ""),
        ("properties", pairs(properties)),
        ("labels", pairs(cluster.labels)),
    ]
    return [*_gcloud("clusters", "create", cluster.cluster_name, target=target), *_flags(options)]


def delete_cluster(name: str, *, target: Target) -> Command:
    """Return `gcloud dataproc clusters delete`."""
    return [*_gcloud("clusters", "delete", name, target=target), "--quiet"]


def submit(request: dp.SubmitJobRequest | dp.CreateBatchRequest, *, target: Target) -> Command:
    """Return `gcloud dataproc jobs submit pyspark`, or `batches submit pyspark` for a batch.

    gcloud has no public option for a job's id, so it chooses another one.
    """
    if isinstance(request, dp.CreateBatchRequest):
        batch = request.batch
        driver, labels, group = batch.pyspark_batch, batch.labels, "batches"
        execution = batch.environment_config.execution_config
        authentication = execution.authentication_config.user_workload_authentication_type
        options: Options = [
            ("batch", request.batch_id),
            ("version", batch.runtime_config.version),
            ("service-account", execution.service_account),
            (
                "user-workload-authentication-type",
                authentication.name.removeprefix("AUTHENTICATION_TYPE_UNSPECIFIED"),
            ),
            ("subnet", execution.subnetwork_uri),
            ("ttl", duration(execution.ttl)),
            ("staging-bucket", execution.staging_bucket),
            ("properties", pairs(batch.runtime_config.properties)),
        ]
    else:
        job = request.job
        driver, labels, group = job.pyspark_job, job.labels, "jobs"
        given = driver.logging_config.driver_log_levels
        levels = {name: dp.LoggingConfig.Level(level).name for name, level in given.items()}
        options = [
            ("cluster", job.placement.cluster_name),
            ("properties", pairs(driver.properties)),
            ("driver-log-levels", pairs(levels)),
        ]
    options += [
        ("py-files", ",".join(driver.python_file_uris)),
        ("files", ",".join(driver.file_uris)),
        ("labels", pairs(labels)),
    ]
    command = _gcloud(group, "submit", "pyspark", driver.main_python_file_uri, target=target)
    return [*command, *_flags(options), "--", *driver.args]


def run_workflow(file: str, *, target: Target) -> Command:
    """Return `gcloud dataproc workflow-templates instantiate-from-file` for a YAML file."""
    verb = "instantiate-from-file"
    return [*_gcloud("workflow-templates", verb, target=target), f"--file={file}"]


def import_policy(policy: str, file: str, *, target: Target) -> Command:
    """Return `gcloud dataproc autoscaling-policies import` for a YAML file."""
    command = _gcloud("autoscaling-policies", "import", policy, target=target)
    return [*command, f"--source={file}", "--quiet"]


def to_tree(message: Any) -> dict[str, Any]:
    """Return a message as the dicts of Google's JSON, without fields that are not set."""
    text = type(message).to_json(
        message, always_print_fields_with_no_presence=False, use_integers_for_enums=False
    )
    tree: dict[str, Any] = json.loads(text)
    return tree


def to_yaml(message: Any) -> str:
    """Return a message as the YAML that gcloud imports."""
    text: str = yaml.safe_dump(to_tree(message), sort_keys=True, width=100)
    return text


def _gcloud(*words: str, target: Target) -> Command:
    return ["gcloud", "dataproc", *words, *target.options]


def _flags(options: Options) -> Command:
    return [
        f"--{name}" if value is True else f"--{name}={value}" for name, value in options if value
    ]


def _workers(config: dp.ClusterConfig) -> Options:
    worker, extra = config.worker_config, config.secondary_worker_config
    options: Options = [("single-node", True)]
    if worker.num_instances:
        options = [("num-workers", worker.num_instances), *_group("worker", worker)]
    if "secondary_worker_config" in config:
        kind = extra.preemptibility.name.lower().replace("_", "-")
        options += [
            # as text, because a 0 would be left out
            ("num-secondary-workers", str(extra.num_instances)),
            ("secondary-worker-type", kind),
            *_group("secondary-worker", extra),
        ]
    return options


def _group(name: str, group: dp.InstanceGroupConfig) -> Options:
    return [
        (f"{name}-machine-type", group.machine_type_uri),
        (f"{name}-boot-disk-size", f"{group.disk_config.boot_disk_size_gb}GB"),
        (f"{name}-boot-disk-type", group.disk_config.boot_disk_type),
    ]
