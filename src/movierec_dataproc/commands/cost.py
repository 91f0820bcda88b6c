"""Estimates prices per hour, before anything starts: of a cluster, and of a batch."""

from __future__ import annotations

from typing import Final, NamedTuple

from movierec_dataproc.conf.machine_types import billed_size
from movierec_dataproc.conf.schema import NodesConfig, PricesConfig, ServerlessConfig

HOURS_PER_MONTH: Final = 730
DCUS: Final = 4
"""Data Compute Units of a batch's driver and of each of its executors, of 4 vCPUs each."""
NO_PRICES: Final = "no estimate: the conf has no prices"


class Estimate(NamedTuple):
    """A cluster's size, and its prices per hour in the currency of the price list."""

    vcpus: int
    memory_gb: float
    machines: float
    disks: float
    dataproc: float


def estimate(nodes: NodesConfig, prices: PricesConfig, *, secondaries: int) -> Estimate:
    """Return the price of a cluster with this number of secondary workers.

    Raises ConfigError for a machine type of unknown size.
    """
    master, worker, extra = nodes.master, nodes.primary_workers, nodes.secondary_workers
    share = 1.0 if extra.preemptibility == "non_preemptible" else prices.spot_share
    vcpus, memory_gb, machines, disk_gb = 0, 0.0, 0.0, 0
    for count, machine_type, disk, part in (
        (1, master.machine_type, master.disk_gb, 1.0),
        (worker.count, worker.machine_type, worker.disk_gb, 1.0),
        (secondaries, worker.machine_type, extra.disk_gb, share),
    ):
        if count:
            size = billed_size(machine_type)
            price = size.vcpus * prices.vcpu_hour + size.memory_gb * prices.memory_gb_hour
            vcpus += count * size.vcpus
            memory_gb += count * size.memory_gb
            machines += count * price * part
            disk_gb += count * disk
    disks = disk_gb * prices.disk_gb_month / HOURS_PER_MONTH
    return Estimate(vcpus, memory_gb, machines, disks, vcpus * prices.dataproc_vcpu_hour)


def estimate_lines(nodes: NodesConfig, prices: PricesConfig | None, *, hours: float) -> list[str]:
    """Return the estimate as text: for the initial cluster and, with autoscaling, for the largest.

    The cluster is deleted after `hours` at the latest. Raises ConfigError for a machine type of
    unknown size, unless the conf has no prices.
    """
    if prices is None:
        return [NO_PRICES]
    counts = {"estimate": nodes.secondary_workers.count}
    if nodes.autoscaling and nodes.autoscaling.max > nodes.secondary_workers.count:
        most = nodes.autoscaling.max
        counts[f"with all {most} secondary workers of autoscaling"] = most
    lines = []
    for name, secondaries in counts.items():
        one = estimate(nodes, prices, secondaries=secondaries)
        hourly = one.machines + one.disks + one.dataproc
        lines.append(
            f"{name}: about {hourly:.2f} {prices.currency} per hour ({one.vcpus} vCPUs, "
            f"{one.memory_gb:g} GB: machines {one.machines:.2f}, disks {one.disks:.2f}, Dataproc "
            f"{one.dataproc:.2f}), at most {hourly * hours:.2f} {prices.currency} until it is "
            f"deleted after {hours:g} hours; prices are those in the conf"
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
