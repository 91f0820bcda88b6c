"""The command line against the servers of this directory, and a terminal that remembers."""

from __future__ import annotations

import io
import json
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from movierec.config.loader import load
from movierec_dataproc.commands import cli
from movierec_dataproc.commands.context import Context
from movierec_dataproc.conf.schema import ClusterConfig
from movierec_dataproc.conf.target import require_target
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.terminal import Terminal
from tests.support.dataproc.real_clients import PROJECT, REGION
from tests.support.paths import ROOT

CLUSTER_YAML = ROOT / "conf" / "cluster.yaml"
BUCKET = "suite"
PLACED = (f"project={PROJECT}", f"region={REGION}", f"bucket={BUCKET}", "timeouts.poll_seconds=0.5")


def cluster_conf(*overrides: str) -> ClusterConfig:
    """conf/cluster.yaml for the tests' project and bucket, with overrides."""
    text = CLUSTER_YAML.read_text(encoding="utf-8")
    return load(ClusterConfig, text, origin="cluster.yaml", overrides=(*PLACED, *overrides))


class Keys(io.StringIO):
    """A keyboard on which the answers are typed already; without any it is no terminal."""

    def isatty(self) -> bool:
        """Whether anybody is there."""
        return bool(self.getvalue())


@dataclass
class Clock:
    """A clock on which a sleep takes all the time it should and hardly any of ours."""

    time: float = 0.0
    slept: list[float] = field(default_factory=list)
    ctrl_c: set[int] = field(default_factory=set)
    """The sleeps, counted from 1, in which Ctrl-C is pressed."""

    def now(self) -> float:
        """Seconds."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass; a thread of a fake gets a little of ours."""
        self.slept.append(seconds)
        self.time += seconds
        if len(self.slept) in self.ctrl_c:
            raise KeyboardInterrupt
        time.sleep(min(seconds, 0.005))


class CliRunner:
    """A terminal that remembers what was written, on a clock of its own."""

    def __init__(self, *, answers: str = "") -> None:
        self.clock = Clock()
        self.out = io.BytesIO()
        self.err = io.StringIO()
        self.terminal = Terminal(
            out=self.out,
            err=self.err,
            keys=Keys(answers),
            sleep=self.clock.sleep,
            now=self.clock.now,
        )

    @property
    def said(self) -> str:
        """Standard error."""
        return self.err.getvalue()

    @property
    def written(self) -> str:
        """Standard output."""
        return self.out.getvalue().decode()

    @property
    def summary(self) -> dict[str, Any]:
        """Standard output's last line."""
        found: dict[str, Any] = json.loads(self.written.splitlines()[-1])
        return found

    def run(self, *arguments: str | Path) -> int:
        """Carry out a command line for the tests' project and bucket."""
        placed = [word for one in PLACED for word in ("--cluster-set", one)]
        words = [str(one) for one in arguments]
        return cli.main(
            [words[0], "--cluster", str(CLUSTER_YAML), *placed, *words[1:]], terminal=self.terminal
        )

    def context(self, *overrides: str) -> Context:
        """What commands work with, for the servers that the environment names."""
        config = cluster_conf(*overrides)
        return Context(
            config=config,
            target=require_target(config, origin="cluster.yaml"),
            clients=Clients(project=PROJECT, region=REGION),
            terminal=self.terminal,
            commit="0123456789ab",
        )


def tiny_conf(directory: Path) -> Path:
    """conf/sample.yaml on a zip of its own, which is no archive but is uploaded like one."""
    archive = directory / "ml-tiny.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("ml-tiny/ratings.csv"), "userId,movieId,rating,timestamp\n")
    text = (ROOT / "conf" / "sample.yaml").read_text(encoding="utf-8")
    conf = directory / "tiny.yaml"
    lines = [
        f"  archive: {archive}" if line.startswith("  archive:") else line
        for line in text.splitlines()
    ]
    conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return conf
