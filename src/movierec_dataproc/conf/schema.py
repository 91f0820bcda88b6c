"""The config in conf/cluster.yaml. The file must have every key; there are no defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from movierec.config.fields import ListOf, Range
from movierec_dataproc.conf import validation

DAYS_14: Final = 14 * 24 * 60
_IMAGE: Final = re.compile(r"\d+\.\d+(\.\d+)?(-[a-z]+\d+)?")
_PROJECT: Final = re.compile(r"[a-z][-a-z0-9.:]{3,60}[a-z0-9]")
_REGION: Final = re.compile(r"[a-z]+-[a-z]+\d+")
_FOLDER: Final = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
Gigabytes = Annotated[int, Range(10, 65_536)]
DiskType = Literal["pd-standard", "pd-balanced", "pd-ssd", "hyperdisk-balanced"]


@dataclass(frozen=True, kw_only=True)
class MasterConfig:
    """The machine of the NameNode, the ResourceManager and the jobs' drivers."""

    machine_type: str
    disk_gb: Gigabytes
    disk_type: DiskType

    def problems(self) -> list[str]:
        """Return the values that Dataproc would refuse."""
        return validation.check_machine_type("machine_type", self.machine_type)


@dataclass(frozen=True, kw_only=True)
class PrimaryConfig:
    """The machines that hold HDFS and compute; 0 of them are a single-node cluster."""

    count: Annotated[int, Range(0, 1000)]
    machine_type: str
    disk_gb: Gigabytes
    disk_type: DiskType

    def problems(self) -> list[str]:
        """Return the values that Dataproc would refuse."""
        problems = validation.check_machine_type("machine_type", self.machine_type)
        if self.count == 1:
            problems.append("count: 2 or more, or 0 for a single node, was expected, not 1")
        return problems


@dataclass(frozen=True, kw_only=True)
class SecondaryConfig:
    """Machines of the primary workers' type that compute but do not hold HDFS."""

    count: Annotated[int, Range(0, 1000)]
    preemptibility: Literal["spot", "preemptible", "non_preemptible"]
    disk_gb: Gigabytes
    disk_type: DiskType


@dataclass(frozen=True, kw_only=True)
class AutoscalingConfig:
    """How the number of secondary workers follows the load."""

    policy: str
    """The policy's name in the project and region."""
    min: Annotated[int, Range(0, 1000)]
    max: Annotated[int, Range(1, 1000)]
    cooldown_minutes: Annotated[int, Range(2, 1440)]
    scale_up_factor: Annotated[float, Range(0.0, 1.0)]
    scale_down_factor: Annotated[float, Range(0.0, 1.0)]
    decommission_minutes: Annotated[int, Range(0, 1440)]
    """How long a worker may finish its tasks before it is removed."""

    def problems(self) -> list[str]:
        """Return contradictions between keys."""
        problems = validation.check_cluster_name("policy", self.policy)
        if self.min > self.max:
            problems.append(f"min: at most max = {self.max} was expected, not {self.min}")
        return problems


@dataclass(frozen=True, kw_only=True)
class NodesConfig:
    """A cluster."""

    name: str
    image_version: str
    zone: str | None
    subnetwork: str | None
    internal_ip_only: bool
    service_account: str | None
    """An address, or a name in the project; null for Compute Engine's default account."""
    shielded: bool
    master: MasterConfig
    primary_workers: PrimaryConfig
    secondary_workers: SecondaryConfig
    autoscaling: AutoscalingConfig | None
    idle_delete_minutes: int
    auto_delete_hours: float
    component_gateway: bool
    initialization_actions: Annotated[tuple[str, ...], ListOf(None)] | None
    """Scripts in this repository."""
    initialization_minutes: Annotated[int, Range(1, 120)]
    properties: dict[str, str]
    labels: dict[str, str]

    def problems(self) -> list[str]:
        """Return the values that Dataproc would refuse, or that would lose HDFS blocks."""
        secondaries, scaling = self.secondary_workers.count, self.autoscaling
        problems = [
            *validation.check_cluster_name("name", self.name),
            *validation.check_pattern(
                "image_version", self.image_version, _IMAGE, "a version such as 3.0-debian13"
            ),
            *validation.check_duration(
                "idle_delete_minutes",
                self.idle_delete_minutes,
                minutes=(5, DAYS_14),
                unit="minutes",
            ),
            *validation.check_duration(
                "auto_delete_hours", self.auto_delete_hours, minutes=(10, DAYS_14), unit="hours"
            ),
            *validation.check_properties("properties", self.properties, prefixed=True),
            *validation.check_labels("labels", self.labels),
        ]
        if self.primary_workers.count == 0 and (secondaries or scaling):
            problems.append(
                "secondary_workers and autoscaling: a single node (primary_workers.count 0) has "
                "no workers; set secondary_workers.count to 0 and autoscaling to null"
            )
        if scaling and not scaling.min <= secondaries <= scaling.max:
            problems.append(
                f"secondary_workers.count: from autoscaling.min = {scaling.min} to "
                f"autoscaling.max = {scaling.max} was expected, not {secondaries}"
            )
        return problems


@dataclass(frozen=True, kw_only=True)
class ServerlessConfig:
    """A serverless batch: no cluster and no HDFS, results in Cloud Storage."""

    version: Literal["2.3", "3.0"]
    service_account: str | None
    subnetwork: str | None
    ttl_hours: float
    properties: dict[str, str]

    def problems(self) -> list[str]:
        """Return the values that Dataproc would refuse."""
        ttl = validation.check_duration(
            "ttl_hours", self.ttl_hours, minutes=(10, DAYS_14), unit="hours"
        )
        return ttl + validation.check_properties("properties", self.properties, prefixed=False)


@dataclass(frozen=True, kw_only=True)
class HdfsConfig:
    """Where the archive and the results are on a cluster."""

    archive_folder: str
    workspace: str

    def problems(self) -> list[str]:
        """Return the keys that are not a folder on HDFS."""
        problems = validation.check_hdfs_folder("archive_folder", self.archive_folder)
        return problems + validation.check_hdfs_folder("workspace", self.workspace)


@dataclass(frozen=True, kw_only=True)
class PricesConfig:
    """List prices, used only for the estimate."""

    currency: str
    vcpu_hour: Annotated[float, Range(0.0, 100.0)]
    memory_gb_hour: Annotated[float, Range(0.0, 100.0)]
    disk_gb_month: Annotated[float, Range(0.0, 100.0)]
    spot_share: Annotated[float, Range(0.0, 1.0)]
    """The price of a spot machine as a fraction of a standard one's."""
    dataproc_vcpu_hour: Annotated[float, Range(0.0, 100.0)]


@dataclass(frozen=True, kw_only=True)
class TimeoutsConfig:
    """How long to wait; remote work goes on after that."""

    cluster_minutes: Annotated[float, Range(1.0, 1440.0)]
    workflow_hours: float
    job_hours: Annotated[float, Range(0.01, 336.0)] | None
    poll_seconds: Annotated[float, Range(0.01, 300.0)]

    def problems(self) -> list[str]:
        """Return the values that Dataproc would refuse."""
        return validation.check_duration(
            "workflow_hours", self.workflow_hours, minutes=(10, 1440), unit="hours"
        )


@dataclass(frozen=True, kw_only=True)
class ClusterConfig:
    """A whole conf/cluster.yaml."""

    project: str | None
    region: str
    bucket: str | None
    prefix: str
    """The folder in the bucket."""
    cluster: NodesConfig
    serverless: ServerlessConfig
    hdfs: HdfsConfig
    prices: PricesConfig | None
    timeouts: TimeoutsConfig

    def problems(self) -> list[str]:
        """Return the names that Google would refuse."""
        return [
            *validation.check_pattern("project", self.project, _PROJECT, "an id"),
            *validation.check_pattern(
                "region", self.region, _REGION, "a region such as europe-west1"
            ),
            *validation.check_bucket_name("bucket", self.bucket),
            *validation.check_pattern(
                "prefix", self.prefix, _FOLDER, "a folder without / at its ends"
            ),
        ]
