"""The context of every command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from movierec_dataproc.conf.schema import ClusterConfig
from movierec_dataproc.conf.target import Target, split_uri
from movierec_dataproc.google.bucket import Bucket
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.driver_log import DriverLog
from movierec_dataproc.google.remote_work import (
    Progress,
    RemoteWork,
    TimeLimit,
    failure,
    follow,
    interruption,
)
from movierec_dataproc.google.terminal import Terminal
from movierec_dataproc.plan.artifacts import ROOT

Summary = dict[str, Any]
"""The last line on standard output."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The conf for Dataproc, and access to Dataproc, Cloud Storage and the terminal."""

    config: ClusterConfig
    target: Target
    clients: Clients
    terminal: Terminal
    commit: str
    root: Path = ROOT
    out: Path = Path("out")
    dry_run: bool = False
    format: str = "gcloud"
    """What a dry run prints: one of dry_run.FORMATS."""

    def bucket(self) -> Bucket:
        """Return the suite's bucket."""
        return Bucket(self.clients.storage, self.target.bucket)

    def locate(self, uri: str) -> tuple[Bucket, str]:
        """Return the bucket and the object's name of a gs:// URI."""
        bucket, name = split_uri(uri)
        return Bucket(self.clients.storage, bucket), name

    def say(self, message: str) -> None:
        """Print a message for the user."""
        self.terminal.say(message)

    def open_log(self, uri: str) -> DriverLog:
        """Return the driver's output, the objects whose names start with the URI."""
        return DriverLog(*self.locate(uri), out=self.terminal.out)

    def follow(self, work: RemoteWork, *, limit: TimeLimit | None = None) -> Progress:
        """Follow the work until it ends and copy its driver's output meanwhile.

        Raises WorkError at the limit and Interrupted at Ctrl-C. In both cases the work goes on,
        unless the user chooses to cancel it.
        """
        try:
            return follow(
                work,
                open_log=self.open_log,
                terminal=self.terminal,
                poll_seconds=self.config.timeouts.poll_seconds,
                limit=limit,
            )
        except KeyboardInterrupt:
            raise interruption(work, self.terminal) from None

    def finish(self, work: RemoteWork, *, limit: TimeLimit | None = None) -> None:
        """Follow the work until it ends. Raises WorkError also if it fails."""
        progress = self.follow(work, limit=limit)
        if not progress.succeeded:
            raise failure(work, progress)
