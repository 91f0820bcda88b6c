"""spark-submit on the tests' YARN with the files of a Dataproc job: two zips and a conf."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyspark

from scripts.build_package import build_packages
from tests.cluster.hadoop import Hadoop
from tests.support.dataproc.fake_behaviour import RunningJob
from tests.support.dataproc.fake_storage import FakeStorage
from tests.support.paths import ROOT

SPARK_HOME = Path(pyspark.__file__).parent
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
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
    # short JVMs on few cores: the optimizing compiler costs more than it saves
    **{f"spark.{who}.extraJavaOptions": QUICK for who in ("driver", "executor", "yarn.am")},
}


@dataclass(frozen=True, kw_only=True)
class Driver:
    """The arguments of spark-submit."""

    main: Path
    arguments: tuple[str, ...]
    py_files: tuple[Path, ...]
    files: tuple[Path, ...]
    properties: Mapping[str, str] = field(default_factory=dict)

    def start(
        self, hadoop: Hadoop, environment: Mapping[str, str], *, cwd: Path, stderr: int
    ) -> subprocess.Popen[bytes]:
        """Start it in client mode on the cluster and return the process."""
        command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", "yarn"]
        command += ["--deploy-mode", "client"]
        for key, value in {**PROPERTIES, **hadoop.spark_properties, **self.properties}.items():
            command += ["--conf", f"{key}={value}"]
        for option, paths in (("--py-files", self.py_files), ("--files", self.files)):
            command += [option, ",".join(map(str, paths))]
        return subprocess.Popen(
            [*command, str(self.main), *self.arguments],
            cwd=cwd,
            env={
                **os.environ,
                **environment,
                "SPARK_HOME": str(SPARK_HOME),
                "PYSPARK_PYTHON": sys.executable,
            },
            stdout=subprocess.PIPE,
            stderr=stderr,
        )


@dataclass(frozen=True)
class Submission:
    """How a submitted job ended."""

    exit_code: int
    output: str
    """The driver's standard output; spark-submit adds its standard error."""
    errors: str
    """What Spark wrote."""

    @property
    def summary(self) -> Any:
        """The last line that the driver wrote."""
        return json.loads(self.output.splitlines()[-1])


class Submitter:
    """Submits the suite's jobs and waits for them, or hands out the running process."""

    def __init__(self, hadoop: Hadoop, folder: Path) -> None:
        self._hadoop = hadoop
        self._folder = folder
        self.packages = build_packages(ROOT, folder / "dist")

    def run(self, job: str, *arguments: str, conf: Path) -> Submission:
        """Run a job to its end."""
        return ended(self.start(job, *arguments, conf=conf))

    def start(self, job: str, *arguments: str, conf: Path) -> subprocess.Popen[bytes]:
        """Start a job, with its conf among --files, and return the process."""
        driver = Driver(
            main=ROOT / "jobs" / f"{job}.py",
            arguments=("--config", conf.name, *arguments),
            py_files=tuple(self.packages),
            files=(conf,),
        )
        # its folder has no conf and no sources of the project
        environment = self._hadoop.environment
        return driver.start(self._hadoop, environment, cwd=self._folder, stderr=subprocess.PIPE)


def ended(process: subprocess.Popen[bytes], *, seconds: float | None = None) -> Submission:
    """Wait for a submitted job. Raises TimeoutExpired."""
    output, errors = process.communicate(timeout=seconds)
    return Submission(process.returncode, output.decode(), errors.decode())


class YarnRunner:
    """Runs the fake Dataproc's jobs on the cluster's master, as Dataproc's agent does.

    The job's files come from the bucket into the driver's working directory, and all that the
    driver writes is its output.
    """

    def __init__(self, hadoop: Hadoop, storage: FakeStorage, folder: Path) -> None:
        self._hadoop = hadoop
        self._storage = storage
        self._folder = folder

    def __call__(self, running: RunningJob) -> int:
        job = running.pyspark_job
        place = self._folder / running.job_id
        place.mkdir()
        driver = Driver(
            main=self._fetch(job.main_python_file_uri, place),
            arguments=tuple(job.args),
            py_files=self._fetch_all(job.python_file_uris, place),
            files=self._fetch_all(job.file_uris, place),
            properties=dict(job.properties),
        )
        environment = self._hadoop.on_the_master
        process = driver.start(self._hadoop, environment, cwd=place, stderr=subprocess.STDOUT)
        ends = threading.Thread(target=self._end_when_cancelled, args=(process, running))
        ends.start()
        for line in process.stdout:
            running.write(line)
        code = process.wait()
        ends.join()
        return code

    def _fetch(self, uri: str, place: Path) -> Path:
        split = urlsplit(uri)
        path = place / Path(split.path).name
        path.write_bytes(self._storage.get(split.netloc, split.path.lstrip("/")))
        return path

    def _fetch_all(self, uris: Iterable[str], place: Path) -> tuple[Path, ...]:
        return tuple(self._fetch(uri, place) for uri in uris)

    @staticmethod
    def _end_when_cancelled(process: subprocess.Popen[bytes], running: RunningJob) -> None:
        while process.poll() is None:
            if running.cancelled.wait(0.2):
                process.terminate()
                process.wait()
