"""The vCPUs and memory of a machine, from the name of its type."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from movierec.errors import ConfigError

# GB of memory per vCPU; cloud.google.com/compute/docs/machine-resource
_GB_PER_VCPU: Final[dict[str, dict[str, float]]] = {
    "n1": {"standard": 3.75, "highmem": 6.5, "highcpu": 0.9},
    "n2": {"standard": 4, "highmem": 8, "highcpu": 1},
    "n2d": {"standard": 4, "highmem": 8, "highcpu": 1},
    "n4": {"standard": 4, "highmem": 8, "highcpu": 2},
    "e2": {"standard": 4, "highmem": 8, "highcpu": 1},
    "c2": {"standard": 4},
    "c2d": {"standard": 4, "highmem": 8, "highcpu": 2},
    "c3": {"standard": 4, "highmem": 8, "highcpu": 2},
    "c3d": {"standard": 4, "highmem": 8, "highcpu": 2},
    "c4": {"standard": 3.75, "highmem": 7.75, "highcpu": 2},
    "t2d": {"standard": 4},
}
_NAMED: Final = re.compile(r"([a-z]+\d[a-z]?)-([a-z]+)-(\d{1,3})")
_CUSTOM: Final = re.compile(r"(?:[a-z]+\d[a-z]?-)?custom-(\d{1,3})-(\d{3,7})(?:-ext)?")


class MachineSize(NamedTuple):
    """The size of a machine, by which it is billed."""

    vcpus: int
    memory_gb: float


def machine_size(name: str) -> MachineSize | None:
    """Return the size of a machine type, None if the name does not say.

    >>> machine_size("n2-standard-4")
    MachineSize(vcpus=4, memory_gb=16)
    >>> machine_size("n2-custom-6-24576")
    MachineSize(vcpus=6, memory_gb=24.0)
    """
    if custom := _CUSTOM.fullmatch(name):
        return MachineSize(int(custom[1]), int(custom[2]) / 1024)
    named = _NAMED.fullmatch(name)
    ratio = _GB_PER_VCPU.get(named[1], {}).get(named[2]) if named else None
    if named is None or ratio is None or int(named[3]) < 1:
        return None
    return MachineSize(int(named[3]), int(named[3]) * ratio)


def billed_size(name: str) -> MachineSize:
    """Return the size of a machine type. Raises ConfigError if its name does not say."""
    if size := machine_size(name):
        return size
    raise ConfigError(
        [
            f"machine_type {name!r}: its vCPUs and memory are unknown, so its price cannot be "
            f"estimated: use a standard, highmem, highcpu or custom type of "
            f"{', '.join(_GB_PER_VCPU)} (n2-standard-4, n2-custom-6-24576), or set prices to null "
            "for no estimate"
        ]
    )
