"""A machine's memory is divided so that executors, Python workers and a master fit."""

import pytest

from movierec.doctor import estimates
from movierec.doctor.executor_size import APPLICATION_MASTER_GIB, executor_properties

FULL = 33_832_162


@pytest.mark.parametrize(
    ("vcpus", "memory", "single", "expected"),
    [
        (8, 64, False, ("4", "14g", "10g")),
        (4, 32, False, ("4", "13g", "10g")),
        (16, 128, False, ("4", "15g", "10g")),
        (4, 16, False, ("4", "6g", "4g")),
        (2, 8, False, ("2", "2g", "2g")),
        (6, 24, False, ("6", "10g", "7g")),
        (4, 32, True, ("4", "8g", "6g")),
        (4, 16, True, ("4", "4g", "2g")),
    ],
)
def test_the_size_of_executors(vcpus, memory, single, expected):
    found = executor_properties(vcpus=vcpus, memory_gib=memory, single_node=single)
    assert tuple(found.values()) == expected
    cores, heap, overhead = (int(one.removesuffix("g")) for one in expected)
    executors = vcpus // cores
    yarn = memory * (0.5 if single else 0.8)
    assert yarn - executors * (heap + overhead) >= APPLICATION_MASTER_GIB
    if memory / vcpus == 8 and not single:
        assert overhead << 30 >= cores * estimates.worker_bytes(FULL)


def test_a_machine_that_is_too_small_keeps_the_image_s_own_size():
    assert executor_properties(vcpus=4, memory_gib=4, single_node=False) == {}
