"""Estimates the price of a cluster per hour, before it is created."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from movierec_dataproc.conf.machine_types import billed_size
from movierec_dataproc.conf.schema import NodesConfig, PricesConfig, ServerlessConfig

HOURS_PER_MONTH: Final = 730
DCUS: Final = 4
"""Data Compute Units of a batch's driver and of each of its executors, of 4 vCPUs each."""
NO_PRICES: Final = "no estimate: the conf has no prices"


@dataclass(frozen=True)
class NodeGroup:
    """Machines of one kind."""

    name: str
    count: int
    machine_type: str
    disk_gb: int
    spot: bool = False


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Prices per hour, in the currency of the price list."""

    currency: str
    vcpus: int
    memory_gb: float
    machines: float
    disks: float
    dataproc: float

    @property
    def hourly(self) -> float:
        """Return the price per hour."""
        return self.machines + self.disks + self.dataproc

    def text(self, *, hours: float) -> str:
        """Return the estimate in a line; the cluster is deleted after `hours` at the latest."""
        return (
            f"about {self.hourly:.2f} {self.currency} per hour ({self.vcpus} vCPUs, "
            f"{self.memory_gb:g} GB: machines {self.machines:.2f}, disks {self.disks:.2f}, "
            f"Dataproc {self.dataproc:.2f}), at most {self.hourly * hours:.2f} {self.currency} "
            f"until it is deleted after {hours:g} hours; prices are those in the conf"
        )


def node_groups(nodes: NodesConfig, *, secondaries: int | None = None) -> list[NodeGroup]:
    """Return a cluster's machines; `secondaries` replaces the conf's count of secondary workers."""
    master, worker, extra = nodes.master, nodes.primary_workers, nodes.secondary_workers
    count = extra.count if secondaries is None else secondaries
    spot = extra.preemptibility != "non_preemptible"
    groups = (
        NodeGroup("master", 1, master.machine_type, master.disk_gb),
        NodeGroup("primary", worker.count, worker.machine_type, worker.disk_gb),
        NodeGroup("secondary", count, worker.machine_type, extra.disk_gb, spot),
    )
    return [group for group in groups if group.count]


def estimate(groups: list[NodeGroup], prices: PricesConfig) -> Estimate:
    """Return the price of these machines per hour.

    Raises ConfigError for a machine type of unknown size.
    """
    vcpus, memory_gb, machines, disks = 0, 0.0, 0.0, 0.0
    for group in groups:
        size = billed_size(group.machine_type)
        price = size.vcpus * prices.vcpu_hour + size.memory_gb * prices.memory_gb_hour
        vcpus += group.count * size.vcpus
        memory_gb += group.count * size.memory_gb
        machines += group.count * price * (prices.spot_share if group.spot else 1.0)
        disks += group.count * group.disk_gb * prices.disk_gb_month / HOURS_PER_MONTH
    return Estimate(
        currency=prices.currency,
        vcpus=vcpus,
        memory_gb=memory_gb,
        machines=machines,
        disks=disks,
        dataproc=vcpus * prices.dataproc_vcpu_hour,
    )


def estimate_lines(nodes: NodesConfig, prices: PricesConfig | None, *, hours: float) -> list[str]:
    """Return the estimate as text: for the initial cluster and, with autoscaling, for the largest.

    Raises ConfigError for a machine type of unknown size, unless the conf has no prices.
    """
    if prices is None:
        return [NO_PRICES]
    lines = [f"estimate: {estimate(node_groups(nodes), prices).text(hours=hours)}"]
    if nodes.autoscaling and nodes.autoscaling.max > nodes.secondary_workers.count:
        largest = node_groups(nodes, secondaries=nodes.autoscaling.max)
        lines.append(
            f"with all {nodes.autoscaling.max} secondary workers of autoscaling: "
            f"{estimate(largest, prices).text(hours=hours)}"
        )
    return lines


def batch_line(serverless: ServerlessConfig, prices: PricesConfig | None) -> str:
    """Return the estimate for a batch in a line, with the runtime's default sizes."""
    if prices is None:
        return NO_PRICES
    least, most = (prices.dcu_hour * DCUS * (1 + n) for n in (2, serverless.max_executors))
    return (
        f"estimate: about {least:.2f} {prices.currency} per hour with 2 executors, {most:.2f} with "
        f"{serverless.max_executors} (serverless.max_executors), at most "
        f"{most * serverless.ttl_hours:.2f} {prices.currency} until it is stopped after "
        f"{serverless.ttl_hours:g} hours; prices are those in the conf"
    )
