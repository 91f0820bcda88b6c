"""A laptop that calls make, with fake servers in place of Google's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from movierec.config.loader import load_config, to_dict
from tests.cluster.hadoop import Hadoop
from tests.cluster.submission import YarnRunner
from tests.support.dataproc.cli_runner import BUCKET, ROOT
from tests.support.dataproc.fake_dataproc import FakeDataproc
from tests.support.dataproc.fake_storage import FakeStorage
from tests.support.dataproc.real_clients import PROJECT, REGION
from tests.support.finished import SAMPLE, overrides_on

CLUSTER = {"project": PROJECT, "region": REGION, "bucket": BUCKET, "timeouts.poll_seconds": "0.5"}
# of the make that runs these tests
_OF_MAKE = ("MAKE", "MFLAGS")


@dataclass(frozen=True)
class Laptop:
    """A checkout, a conf with the archive's path here, and an environment."""

    conf: Path
    environment: dict[str, str]

    def make(self, target: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a make target, which must succeed."""
        settings = " ".join(f"{key}={value}" for key, value in CLUSTER.items())
        command = ["make", "--no-print-directory", target, f"CLUSTER_SET={settings}", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def fetch(self, folder: Path) -> None:
        """Fetch the results of the conf into out/ of the folder."""
        words = [word for k, v in CLUSTER.items() for word in ("--cluster-set", f"{k}={v}")]
        words += ["--cluster", str(ROOT / "conf" / "cluster.yaml"), "--config", str(self.conf)]
        subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "dataproc.py"), "fetch", *words],
            cwd=folder,
            env=self.environment,
            check=True,
        )


@contextmanager
def laptop_of(
    hadoop: Hadoop, storage: FakeStorage, archive: Path, folder: Path
) -> Iterator[Laptop]:
    """Run a fake Dataproc whose jobs run on that YARN; yield a laptop that uses it."""
    text = SAMPLE.read_text(encoding="utf-8")
    config = load_config(
        text, origin=SAMPLE.name, overrides=overrides_on("workspace", str(archive))
    )
    conf = folder / "laptop.yaml"
    conf.write_text(yaml.safe_dump(to_dict(config)), encoding="utf-8")
    storage.create_bucket(BUCKET)
    drivers = folder / "drivers"
    drivers.mkdir()
    runner = YarnRunner(hadoop, storage, drivers)
    with FakeDataproc(storage=storage, runner=runner) as server:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(_OF_MAKE)}
        servers = {
            "DATAPROC_EMULATOR_HOST": server.address,
            "STORAGE_EMULATOR_HOST": storage.url,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "no_proxy": "127.0.0.1",
        }
        yield Laptop(conf, inherited | servers)
