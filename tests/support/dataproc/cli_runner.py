"""Runs the Dataproc command line against the fake servers, on a terminal that records it."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from argparse import Namespace
from collections.abc import Callable
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


class Keyboard(io.StringIO):
    """A keyboard with typed answers; without any it is not a terminal."""

    def isatty(self) -> bool:
        return bool(self.getvalue())


@dataclass
class Clock:
    """A clock that a sleep advances by its full time, while hardly any real time passes.

    `during` has what happens in a sleep, by the sleep's number from 1.
    """

    time: float = 0.0
    slept: list[float] = field(default_factory=list)
    during: dict[int, Callable[[], None]] = field(default_factory=dict)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        """Advance the clock; a fake's threads get a little real time."""
        self.slept.append(seconds)
        self.time += seconds
        if len(self.slept) in self.during:
            self.during[len(self.slept)]()
        time.sleep(min(seconds, 0.005))


def press_ctrl_c() -> None:
    raise KeyboardInterrupt


class CliRunner:
    """A recorded terminal with a clock of its own."""

    def __init__(self, *, answers: str = "") -> None:
        self.clock = Clock()
        self.out = io.BytesIO()
        self.err = io.StringIO()
        self.terminal = Terminal(
            out=self.out,
            err=self.err,
            keyboard=Keyboard(answers),
            sleep=self.clock.sleep,
            now=self.clock.now,
        )

    @property
    def stderr(self) -> str:
        return self.err.getvalue()

    @property
    def stdout(self) -> str:
        return self.out.getvalue().decode()

    @property
    def summary(self) -> Any:
        """Standard output's last line."""
        return json.loads(self.stdout.splitlines()[-1])

    def run(self, *arguments: str | Path) -> int:
        """Run a command line for the tests' project and bucket; return its exit code."""
        placed = [word for one in PLACED for word in ("--cluster-set", one)]
        words = [str(one) for one in arguments]
        return cli.main(
            [words[0], "--cluster", str(CLUSTER_YAML), *placed, *words[1:]], terminal=self.terminal
        )

    def context(self, *overrides: str) -> Context:
        """The context of a command, for the servers that the environment names."""
        config = cluster_conf(*overrides)
        return Context(
            config=config,
            target=require_target(config, origin="cluster.yaml"),
            clients=Clients(project=PROJECT, region=REGION),
            terminal=self.terminal,
            commit="0123456789ab",
        )


def arguments_for(conf: Path, *overrides: str, options: tuple[str, ...] = ()) -> Namespace:
    """The parsed arguments of a run on a conf, with overrides and other options."""
    sets = [word for one in overrides for word in ("--set", one)]
    return cli.make_parser().parse_args(["pipeline", "--config", str(conf), *sets, *options])


def tiny_conf(directory: Path) -> Path:
    """conf/sample.yaml with a tiny zip of its own, which can be uploaded but not ingested."""
    archive = directory / "ml-tiny.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("ml-tiny/ratings.csv"), "userId,movieId,rating,timestamp\n")
    text = (ROOT / "conf" / "sample.yaml").read_text(encoding="utf-8")
    text = re.sub("  archive: .*", f"  archive: {archive}", text)
    conf = directory / "tiny.yaml"
    conf.write_text(re.sub(".*expected_ratings.*\n", "", text), encoding="utf-8")
    return conf
