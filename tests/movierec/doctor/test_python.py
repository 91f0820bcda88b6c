"""The driver's packages and those of the Python workers."""

import platform
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy
import yaml

from movierec.doctor.python import Machine, check_driver, check_workers, collect_workers


def test_the_driver_s_packages_are_listed():
    result = check_driver()
    assert result.state == "ok"
    assert result.found == (
        f"python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, "
        f"pyarrow {pa.__version__}, scipy {scipy.__version__}, yaml {yaml.__version__}"
    )


def test_workers_report_the_driver_s_packages_and_free_space(spark):
    (machine,) = collect_workers(spark)
    assert machine.host == socket.gethostname()
    assert machine.versions["python"] == platform.python_version()
    result = check_workers([machine])
    assert result.state == "ok"
    assert result.found.endswith(f" on {machine.host}, as in the driver")
    ((folder, free),) = machine.scratch.items()
    assert list(Path(folder).glob("blockmgr-*"))
    assert 0 < free < 1 << 60


def test_a_machine_with_other_packages_is_named():
    packages = {package.__name__: package.__version__ for package in (np, pd, pa, scipy)}
    own = {"python": platform.python_version(), **packages}
    good = Machine(host="w-0", versions=own, scratch={})
    odd = Machine(host="w-1", versions=own | {"numpy": "1.0"}, scratch={})
    result = check_workers([good, odd])
    assert result.state == "warning"
    assert result.found.startswith(f"w-1 has python {own['python']}, numpy 1.0, pandas")
    assert "w-0" not in result.found
    assert "PYSPARK_PYTHON" in result.fix
