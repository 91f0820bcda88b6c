"""Every key of conf/cluster.yaml, with its type, its range, its default and its meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from movierec.config.fields import ListOf, Range
from movierec_dataproc.conf import validation
from movierec_dataproc.conf.validation import check_duration, check_form

Gigabytes = Annotated[int, Range(10, 65_536)]
DiskType = Literal["pd-standard", "pd-balanced", "pd-ssd", "hyperdisk-balanced"]
# Where Debian's libopenblas0 is on x86-64; without it Spark computes in Java.
_LIBRARY: Final = "/usr/lib/x86_64-linux-gnu/libopenblas.so.0"
# The stack is for the lineage of ALS, which overflows the default one of Java 25.
_JAVA_OPTIONS: Final = " ".join(
    [
        "-Xss4m",
        *(f"-Ddev.ludovic.netlib.{name}.nativeLibPath={_LIBRARY}" for name in ("blas", "lapack")),
    ]
)
# One thread: Spark's tasks already use every core.
_OPENBLAS: Final = {
    "spark-env:OPENBLAS_NUM_THREADS": "1",
    "spark:spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
    "spark:spark.driver.extraJavaOptions": _JAVA_OPTIONS,
    "spark:spark.executor.extraJavaOptions": _JAVA_OPTIONS,
}


@dataclass(frozen=True, kw_only=True)
class MasterConfig:
    """The machine of the NameNode, the ResourceManager and the jobs' drivers; of a single-node
    cluster the only one."""

    machine_type: str = "n2-highmem-4"
    """Compute Engine's machine type."""
    disk_gb: Gigabytes = 50
    """The size of the boot disk."""
    disk_type: DiskType = "pd-balanced"
    """The type of the boot disk."""

    def problems(self) -> list[str]:
        """Return the values that Dataproc would refuse."""
        return check_form("machine_type", self.machine_type, validation.MACHINE_TYPE)


@dataclass(frozen=True, kw_only=True)
class PrimaryConfig:
    """The machines that hold HDFS and compute."""

    count: Annotated[int, Range(0, 1000)] = 2
    """Machines: 2 or more, or 0 for a single-node cluster."""
    machine_type: str = "n2-highmem-4"
    """Compute Engine's machine type, also of the secondary workers."""
    disk_gb: Gigabytes = 100
    """The size of the boot disk, which holds HDFS too."""
    disk_type: DiskType = "pd-balanced"
    """The type of the boot disk."""

    def problems(self) -> list[str]:
        """Return the values that Dataproc would refuse."""
        problems = check_form("machine_type", self.machine_type, validation.MACHINE_TYPE)
        if self.count == 1:
            problems.append("count: 2 or more, or 0 for a single node, was expected, not 1")
        return problems


@dataclass(frozen=True, kw_only=True)
class SecondaryConfig:
    """Machines of the primary workers' type that compute but hold neither HDFS nor shuffled data
    (Dataproc's Enhanced Flexibility Mode). If one is lost, its tasks and cached data are computed
    again."""

    count: Annotated[int, Range(0, 1000)] = 0
    """Machines; with autoscaling, at the start."""
    preemptibility: Literal["spot", "preemptible", "non_preemptible"] = "spot"
    """Whether Google may take a machine back at any time, for a lower price."""
    disk_gb: Gigabytes = 100
    """The size of the boot disk."""
    disk_type: DiskType = "pd-balanced"
    """The type of the boot disk."""


@dataclass(frozen=True, kw_only=True)
class AutoscalingConfig:
    """How the number of secondary workers follows the load."""

    policy: str = "movierec"
    """The policy's name in the project and region."""
    min: Annotated[int, Range(0, 1000)] = 0
    """The smallest number of secondary workers."""
    max: Annotated[int, Range(1, 1000)] = 8
    """The largest number of secondary workers."""
    cooldown_minutes: Annotated[int, Range(2, 1440)] = 4
    """The time between two changes."""
    scale_up_factor: Annotated[float, Range(0.0, 1.0)] = 0.5
    """The share of the missing memory that one change adds."""
    scale_down_factor: Annotated[float, Range(0.0, 1.0)] = 1.0
    """The share of the unused memory that one change removes, without waiting for its tasks."""

    def problems(self) -> list[str]:
        """Return contradictions between keys."""
        problems = check_form("policy", self.policy, validation.CLUSTER_NAME)
        if self.min > self.max:
            problems.append(f"min: at most max = {self.max} was expected, not {self.min}")
        return problems


@dataclass(frozen=True, kw_only=True)
class NodesConfig:
    """A cluster."""

    name: str = "movierec"
    """The cluster's name, and the start of the name of a workflow's cluster."""
    temp_bucket: str | None = None
    """The bucket for temporary files, such as the history of jobs; null: the suite's bucket. One of
    its own can have a rule that deletes old objects."""
    image_version: str = "3.0-debian13"
    """Dataproc's image, which fixes the versions of Spark, Python and Java. 3.0-debian13 is the
    newest 3.0; 3.0.3-debian13 stays the same."""
    zone: str | None = None
    """The zone in the region; null: Dataproc picks one with free capacity."""
    subnetwork: str | None = None
    """The subnetwork's URI; null: the region's part of the network `default`."""
    internal_ip_only: bool = True
    """Whether the machines have no external address."""
    service_account: str | None = "movierec"
    """The machines' account: an address, or a name in the project; null: Compute Engine's default
    account, which may do far more than these jobs need."""
    master: MasterConfig = field(default_factory=MasterConfig)
    primary_workers: PrimaryConfig = field(default_factory=PrimaryConfig)
    secondary_workers: SecondaryConfig = field(default_factory=SecondaryConfig)
    autoscaling: AutoscalingConfig | None = None
    """The limits and the pace of autoscaling; null: the number of workers is fixed."""
    idle_delete_minutes: int = 30
    """The cluster is deleted after this time without a job: 5 minutes to 14 days."""
    auto_delete_hours: float = 12.0
    """The cluster is deleted at this age, even if jobs run: 10 minutes to 14 days."""
    component_gateway: bool = True
    """Whether the web interfaces of YARN, HDFS and Spark can be opened from Google's console."""
    initialization_actions: Annotated[tuple[str, ...], ListOf(None)] | None = (
        "scripts/cluster/native_blas.sh",
    )
    """Scripts in this repository that every machine runs at its start; null: none."""
    properties: dict[str, str] = field(default_factory=_OPENBLAS.copy)
    """The cluster's properties, as gcloud's `--properties` takes them. Yours are added to the
    defaults, which make Spark use OpenBLAS, and to the size of executors that follows from the
    machine type."""
    labels: dict[str, str] = field(default_factory=dict)
    """Labels besides those that the suite sets itself."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Other fields of Dataproc's ClusterConfig, which are merged into the request, such as
    `{gce_cluster_config: {tags: [internal]}}`: lists and mappings are added to, other values
    replaced. They are not part of the cost estimate."""

    def problems(self) -> list[str]:
        """Return the values that Dataproc would refuse, or that would lose HDFS blocks."""
        secondaries, scaling = self.secondary_workers.count, self.autoscaling
        problems = [
            *check_form("name", self.name, validation.CLUSTER_NAME),
            *check_form("temp_bucket", self.temp_bucket, validation.BUCKET_NAME),
            *check_form("image_version", self.image_version, validation.IMAGE),
            *check_duration("idle_delete_minutes", self.idle_delete_minutes, low=5),
            *check_duration("auto_delete_hours", self.auto_delete_hours, low=10),
            *validation.check_properties("properties", self.properties, prefixed=True),
            *validation.check_labels("labels", self.labels),
            *validation.check_extra("extra", self.extra),
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

    version: Literal["2.3", "3.0"] = "2.3"
    """The version of the runtime, not of an image: 2.3 has Spark 3.5 and support until 2027-11-26,
    3.0 has Spark 4.0 and support until 2027-01-31."""
    service_account: str | None = "movierec"
    """The batch's account, as in `cluster`."""
    subnetwork: str | None = None
    """The subnetwork's URI; null: the region's part of the network `default`."""
    ttl_hours: float = 12.0
    """The batch is stopped after this time: 10 minutes to 14 days."""
    max_executors: Annotated[int, Range(2, 1000)] = 4
    """The largest number of executors of 4 vCPUs; a batch starts with 2."""
    properties: dict[str, str] = field(default_factory=dict)
    """Spark's properties."""

    def problems(self) -> list[str]:
        """Return the values that Dataproc would refuse."""
        problems = check_duration("ttl_hours", self.ttl_hours, low=10)
        if self.version == "3.0" and self.service_account is None:
            problems.append(
                "service_account: runtime 3.0 would run the batch with your own rights, not null's "
                "default account: name an account, or set version to 2.3"
            )
        return problems + validation.check_properties("properties", self.properties, prefixed=False)


@dataclass(frozen=True, kw_only=True)
class HdfsConfig:
    """The folders on a cluster's HDFS."""

    archive_folder: str = "hdfs:///movierec/archives"
    """The folder that archives are copied to."""
    workspace: str = "hdfs:///movierec/workspace"
    """The folder of the results."""

    def problems(self) -> list[str]:
        """Return the keys that are not a folder on HDFS."""
        problems = check_form("archive_folder", self.archive_folder, validation.HDFS_FOLDER)
        return problems + check_form("workspace", self.workspace, validation.HDFS_FOLDER)


@dataclass(frozen=True, kw_only=True)
class PricesConfig:
    """List prices for the cost estimate. The defaults are those of N2 machines in europe-west1 in
    2026; see cloud.google.com/compute/all-pricing and cloud.google.com/dataproc/pricing for other
    regions."""

    currency: str = "USD"
    """The currency's name."""
    vcpu_hour: Annotated[float, Range(0.0, 100.0)] = 0.034773
    """The price of a vCPU per hour."""
    memory_gb_hour: Annotated[float, Range(0.0, 100.0)] = 0.004661
    """The price of a GB of memory per hour."""
    disk_gb_month: Annotated[float, Range(0.0, 100.0)] = 0.10
    """The price of a GB of disk per month."""
    spot_share: Annotated[float, Range(0.0, 1.0)] = 0.21
    """The price of a spot machine as a fraction of a standard one's."""
    dataproc_vcpu_hour: Annotated[float, Range(0.0, 100.0)] = 0.010
    """Dataproc's fee per vCPU and hour."""
    dcu_hour: Annotated[float, Range(0.0, 100.0)] = 0.06
    """The price of a Data Compute Unit of a batch per hour."""


@dataclass(frozen=True, kw_only=True)
class TimeoutsConfig:
    """How long commands wait; remote work goes on after that."""

    cluster_minutes: Annotated[float, Range(1.0, 1440.0)] = 30.0
    """The wait for a cluster that is created or deleted."""
    workflow_hours: float = 12.0
    """Dataproc deletes a workflow's cluster after this time, even if jobs run: 10 minutes to 24
    hours."""
    poll_seconds: Annotated[float, Range(0.01, 300.0)] = 5.0
    """The time between two requests for the state."""

    def problems(self) -> list[str]:
        """Return the values that Dataproc would refuse."""
        return check_duration("workflow_hours", self.workflow_hours, low=10, high=1440)


@dataclass(frozen=True, kw_only=True)
class ClusterConfig:
    """A conf/cluster.yaml."""

    project: str | None = None
    """The id of your Google Cloud project; commands that need it ask for it."""
    region: str = "europe-west1"
    """The region of clusters and batches."""
    bucket: str | None = None
    """A bucket of yours in the same region; commands that need it ask for it."""
    prefix: str = "movierec"
    """The folder in the bucket for artifacts, archives and results."""
    cluster: NodesConfig = field(default_factory=NodesConfig)
    serverless: ServerlessConfig = field(default_factory=ServerlessConfig)
    hdfs: HdfsConfig = field(default_factory=HdfsConfig)
    prices: PricesConfig | None = field(default_factory=PricesConfig)
    """The prices for the cost estimate; null: no estimate."""
    timeouts: TimeoutsConfig = field(default_factory=TimeoutsConfig)

    def problems(self) -> list[str]:
        """Return the names that Google would refuse."""
        return [
            *check_form("project", self.project, validation.PROJECT),
            *check_form("region", self.region, validation.REGION),
            *check_form("bucket", self.bucket, validation.BUCKET_NAME),
            *check_form("prefix", self.prefix, validation.FOLDER),
        ]
