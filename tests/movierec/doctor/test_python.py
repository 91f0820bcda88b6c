"""The driver's packages and those of the Python workers."""

from __future__ import annotations

import platform
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml
from pyspark.sql import SparkSession

from movierec.doctor.python import Machine, ask_workers, check_driver, judge_workers


def test_the_driver_s_packages_are_told() -> None:
    finding = check_driver()
    assert finding.state == "ok"
    assert finding.found == (
        f"python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, "
        f"pyarrow {pa.__version__}, yaml {yaml.__version__}"
    )


def test_the_workers_of_this_machine_are_as_the_driver(spark: SparkSession) -> None:
    (machine,) = ask_workers(spark)
    assert machine.host == socket.gethostname()
    assert machine.versions["python"] == platform.python_version()
    finding = judge_workers([machine])
    assert finding.state == "ok"
    assert finding.found.endswith(f" on {machine.host}, as in the driver")


def test_the_workers_tell_the_room_in_spark_s_own_directories(spark: SparkSession) -> None:
    (machine,) = ask_workers(spark)
    ((folder, free),) = machine.scratch.items()
    assert list(Path(folder).glob("blockmgr-*"))
    assert 0 < free < 1 << 60


def test_a_machine_with_other_packages_is_named() -> None:
    own = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "pyarrow": pa.__version__,
    }
    machines = [
        Machine(host="w-0", versions=own, scratch={}),
        Machine(host="w-1", versions=own | {"numpy": "1.0"}, scratch={}),
    ]
    assert judge_workers(machines[:1]).state == "ok"
    finding = judge_workers(machines)
    assert finding.state == "warning"
    assert finding.found.startswith(f"w-1 has python {own['python']}, numpy 1.0, pandas")
    assert "w-0" not in finding.found
    assert "PYSPARK_PYTHON" in finding.cure
