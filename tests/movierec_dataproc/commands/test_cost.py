"""The estimate, computed by hand, and the sizes of machine types."""

import pytest

from movierec.errors import ConfigError
from movierec_dataproc.commands.cost import estimate, estimate_lines
from movierec_dataproc.conf.machine_types import MachineSize, billed_size
from tests.support.dataproc.cli_runner import cluster_conf

PRICES = (
    "prices={currency: EUR, vcpu_hour: 0.1, memory_gb_hour: 0.01, disk_gb_month: 7.3, "
    "spot_share: 0.5, dataproc_vcpu_hour: 1.0}"
)
SIZES = (
    "cluster.master={machine_type: n2-standard-2, disk_gb: 100, disk_type: pd-ssd}",
    "cluster.primary_workers={count: 3, machine_type: e2-highmem-4, disk_gb: 50, "
    "disk_type: pd-ssd}",
    "cluster.secondary_workers={count: 2, preemptibility: spot, disk_gb: 10, disk_type: pd-ssd}",
)


@pytest.mark.parametrize(
    ("name", "vcpus", "memory"),
    [
        ("n2-standard-4", 4, 16),
        ("e2-highmem-8", 8, 64),
        ("n1-highcpu-16", 16, 14.4),
        ("c4-standard-4", 4, 15),
        ("custom-6-20480", 6, 20),
        ("n2d-custom-2-8192", 2, 8),
        ("n2-custom-2-262144-ext", 2, 256),
    ],
)
def test_a_machine_type_s_size(name, vcpus, memory):
    assert billed_size(name) == MachineSize(vcpus, pytest.approx(memory))


@pytest.mark.parametrize("name", ["e2-medium", "x9-standard-4", "n2-standard-0", "a2-highgpu-1g"])
def test_an_unknown_machine_type_says_what_to_do(name):
    with pytest.raises(ConfigError, match=f"'{name}'.* or set prices to null"):
        billed_size(name)


def test_the_price_per_hour():
    config = cluster_conf(PRICES, *SIZES)
    found = estimate(config.cluster, config.prices, secondaries=2)
    assert found.vcpus == 2 + 3 * 4 + 2 * 4
    assert found.memory_gb == 8 + 3 * 32 + 2 * 32
    # a machine of 4 vCPUs and 32 GB costs 0.72, a spot machine half of it
    assert found.machines == pytest.approx(0.28 + 3 * 0.72 + 2 * 0.36)
    assert found.disks == pytest.approx((100 + 150 + 20) * 0.01)
    assert found.dataproc == pytest.approx(22)


def test_the_lines_have_the_largest_price():
    config = cluster_conf(PRICES, *SIZES, "cluster.autoscaling={policy: p-1, max: 12}")
    first, second = estimate_lines(config.cluster, config.prices, hours=10)
    assert first.startswith("estimate: about 27.86 EUR per hour (22 vCPUs")
    assert "at most 278.60 EUR until it is deleted after 10 hours" in first
    assert second.startswith("with all 12 secondary workers of autoscaling: about 72.46 EUR")
    assert estimate_lines(config.cluster, None, hours=1) == ["no estimate: the conf has no prices"]


def test_a_single_node_costs_its_master():
    config = cluster_conf("cluster.primary_workers={count: 0, machine_type: e2-medium}")
    (line,) = estimate_lines(config.cluster, config.prices, hours=1)
    assert "(4 vCPUs, 32 GB" in line
