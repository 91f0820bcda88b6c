"""Clusters and autoscaling policies as Dataproc's messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from google.cloud import dataproc_v1 as dp

from movierec.config.loader import to_dict
from movierec.doctor.executor_size import executor_properties
from movierec_dataproc.conf.machine_types import machine_size
from movierec_dataproc.conf.naming import SUITE, digest, label_value
from movierec_dataproc.conf.schema import (
    AutoscalingConfig,
    MasterConfig,
    NodesConfig,
    PrimaryConfig,
    SecondaryConfig,
)
from movierec_dataproc.conf.target import Target
from movierec_dataproc.conf.validation import parse_extra

CLOUD_PLATFORM: Final = "https://www.googleapis.com/auth/cloud-platform"
ACTION_TIMEOUT: Final = timedelta(minutes=10)
ZERO_WORKERS: Final = "dataproc:dataproc.allow.zero.workers"
# shuffled data is written to primary workers only
FLEXIBLE: Final = {"dataproc:efm.spark.shuffle": "primary-worker"}
# Dataproc adds a suffix to the name of a workflow's cluster
MANAGED_NAME_LENGTH: Final = 35


def cluster(
    nodes: NodesConfig, *, target: Target, actions: Sequence[str], commit: str
) -> dp.Cluster:
    """Return the cluster; `actions` are the URIs of its initialization actions.

    Its label `definition` is a digest of the conf's section.
    """
    definition = digest(to_dict(nodes))
    labels = {"suite": SUITE, "commit": label_value(commit), "definition": definition}
    return dp.Cluster(
        project_id=target.project,
        cluster_name=nodes.name,
        labels=nodes.labels | labels,
        config=_config(nodes, target, actions),
    )


def managed_cluster(cluster: dp.Cluster) -> dp.ManagedCluster:
    """Return the cluster as one that a workflow creates and deletes."""
    name = cluster.cluster_name[:MANAGED_NAME_LENGTH].rstrip("-")
    return dp.ManagedCluster(cluster_name=name, labels=cluster.labels, config=cluster.config)


def _config(nodes: NodesConfig, target: Target, actions: Sequence[str]) -> dp.ClusterConfig:
    # Dataproc makes a single node of a cluster without workers only with this property
    alone = {} if nodes.primary_workers.count else {ZERO_WORKERS: "true"}
    worker, extra = nodes.primary_workers, nodes.secondary_workers
    changing = bool(extra.count or nodes.autoscaling)
    flexible = FLEXIBLE if changing else {}
    config = dp.ClusterConfig(
        config_bucket=target.bucket,
        temp_bucket=nodes.temp_bucket or target.bucket,
        gce_cluster_config=_machines(nodes, target),
        master_config=_group(1, nodes.master.machine_type, _disk(nodes.master)),
        software_config=dp.SoftwareConfig(
            image_version=nodes.image_version,
            properties=_executors(nodes) | flexible | nodes.properties | alone,
        ),
        initialization_actions=[
            dp.NodeInitializationAction(executable_file=uri, execution_timeout=ACTION_TIMEOUT)
            for uri in actions
        ],
        lifecycle_config=dp.LifecycleConfig(
            idle_delete_ttl=timedelta(minutes=nodes.idle_delete_minutes),
            auto_delete_ttl=timedelta(hours=nodes.auto_delete_hours),
        ),
        endpoint_config=dp.EndpointConfig(enable_http_port_access=nodes.component_gateway),
    )
    if worker.count:
        config.worker_config = _group(worker.count, worker.machine_type, _disk(worker))
    if changing:
        config.secondary_worker_config = dp.InstanceGroupConfig(
            num_instances=extra.count,
            preemptibility=extra.preemptibility.upper(),
            disk_config=_disk(extra),
        )
    if nodes.autoscaling:
        policy = f"{target.parent}/autoscalingPolicies/{nodes.autoscaling.policy}"
        config.autoscaling_config = dp.AutoscalingConfig(policy_uri=policy)
    dp.ClusterConfig.pb(config).MergeFrom(parse_extra(nodes.extra))
    return config


def _executors(nodes: NodesConfig) -> dict[str, str]:
    """Return the properties that size executors, none for a machine type of unknown size."""
    workers = nodes.primary_workers
    machine = workers.machine_type if workers.count else nodes.master.machine_type
    size = machine_size(machine)
    if size is None:
        return {}
    properties = executor_properties(
        vcpus=size.vcpus, memory_gib=size.memory_gb, single_node=not workers.count
    )
    return {f"spark:{name}": value for name, value in properties.items()}


def autoscaling_policy(scaling: AutoscalingConfig, *, primaries: int) -> dp.AutoscalingPolicy:
    """Return the policy, which scales secondary workers; primary workers hold HDFS and stay."""
    return dp.AutoscalingPolicy(
        id=scaling.policy,
        basic_algorithm=dp.BasicAutoscalingAlgorithm(
            cooldown_period=timedelta(minutes=scaling.cooldown_minutes),
            yarn_config=dp.BasicYarnAutoscalingConfig(
                scale_up_factor=scaling.scale_up_factor,
                scale_down_factor=scaling.scale_down_factor,
                # Enhanced Flexibility Mode demands it
                graceful_decommission_timeout=timedelta(0),
            ),
        ),
        worker_config=dp.InstanceGroupAutoscalingPolicyConfig(
            min_instances=primaries, max_instances=primaries
        ),
        secondary_worker_config=dp.InstanceGroupAutoscalingPolicyConfig(
            min_instances=scaling.min, max_instances=scaling.max
        ),
        labels={"suite": SUITE},
    )


def _machines(nodes: NodesConfig, target: Target) -> dp.GceClusterConfig:
    return dp.GceClusterConfig(
        zone_uri=nodes.zone or "",
        subnetwork_uri=nodes.subnetwork or "",
        internal_ip_only=nodes.internal_ip_only,
        service_account=target.account(nodes.service_account),
        # the account's roles limit its permissions, not this scope
        service_account_scopes=[CLOUD_PLATFORM],
        metadata={"block-project-ssh-keys": "true"},
        shielded_instance_config=dp.ShieldedInstanceConfig(
            enable_secure_boot=True, enable_vtpm=True, enable_integrity_monitoring=True
        ),
    )


def _group(count: int, machine_type: str, disk: dp.DiskConfig) -> dp.InstanceGroupConfig:
    return dp.InstanceGroupConfig(
        num_instances=count, machine_type_uri=machine_type, disk_config=disk
    )


def _disk(group: MasterConfig | PrimaryConfig | SecondaryConfig) -> dp.DiskConfig:
    return dp.DiskConfig(boot_disk_size_gb=group.disk_gb, boot_disk_type=group.disk_type)
