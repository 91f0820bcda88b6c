"""spark-submit on the tests' YARN, with what a Dataproc job gets: two zips and a conf."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyspark

from scripts.build_package import build_packages
from tests.cluster.hadoop import Hadoop

ROOT = Path(__file__).resolve().parents[2]
SPARK_HOME = Path(pyspark.__file__).parent
PROPERTIES = {
    # one host: the jars need not be uploaded, 300 MB a job
    "spark.yarn.jars": f"local:{SPARK_HOME}/jars/*",
    "spark.yarn.am.memory": "512m",
    "spark.executor.instances": "2",
    "spark.executor.memory": "1g",
    "spark.executor.memoryOverhead": "512m",
    "spark.driver.memory": "2g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
}


@dataclass(frozen=True)
class Submission:
    """How a submitted job ended."""

    exit_code: int
    output: str
    """Standard output."""
    errors: str
    """Standard error."""

    @property
    def summary(self) -> dict[str, Any]:
        """The last line of standard output."""
        found: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return found


class Submitter:
    """Submits jobs and waits for them, or hands out the running process."""

    def __init__(self, hadoop: Hadoop, folder: Path) -> None:
        self._hadoop = hadoop
        self._folder = folder
        self.packages = build_packages(ROOT, folder / "dist")

    def run(
        self,
        job: str | Path,
        *arguments: str,
        master: str = "yarn",
        conf: Path | None = None,
        properties: dict[str, str] | None = None,
    ) -> Submission:
        """Run a job of the suite, or a script, to its end."""
        process = self.start(job, *arguments, master=master, conf=conf, properties=properties)
        output, errors = process.communicate()
        return Submission(process.returncode, output, errors)

    def start(
        self,
        job: str | Path,
        *arguments: str,
        master: str = "yarn",
        conf: Path | None = None,
        properties: dict[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start it and return the process."""
        command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", master]
        command += ["--deploy-mode", "client"]
        for key, value in {**PROPERTIES, **(properties or {})}.items():
            command += ["--conf", f"{key}={value}"]
        command += ["--py-files", ",".join(map(str, self.packages))]
        if conf is not None:
            command += ["--files", str(conf)]
            arguments = ("--config", conf.name, *arguments)
        path = job if isinstance(job, Path) else ROOT / "jobs" / f"{job}.py"
        environment = {
            **os.environ,
            **self._hadoop.environment,
            "SPARK_HOME": str(SPARK_HOME),
            "PYSPARK_PYTHON": sys.executable,
        }
        return subprocess.Popen(
            [*command, str(path), *arguments],
            # no conf and no sources of the project lie there
            cwd=self._folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
