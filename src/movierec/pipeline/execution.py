"""Runs a stage: finds its result or makes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from movierec.config.schema import Config
from movierec.config.uris import absent, resolve_uri
from movierec.errors import InputError, UserError
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.pipeline.fingerprint import fingerprint
from movierec.pipeline.workspace import Result, Workspace, checkpoints
from movierec.spark.files import Files
from movierec.spark.java_errors import storage_fault
from movierec.spark.memory import PeakMemory
from movierec.spark.session import Session, size_shuffles


@dataclass(frozen=True)
class Outcome:
    """How a job ended well."""

    stage: dag.Stage
    result: Result
    seconds: float
    reused: bool

    def summary(self) -> dict[str, Any]:
        """Return the fields of the job's last line on standard output."""
        return {
            "job": self.stage.job,
            "fingerprint": self.result.manifest.fingerprint,
            "output": self.result.path,
            "seconds": round(self.seconds, 3),
            "reused": self.reused,
            "rows": self.result.manifest.rows,
        }


class Execution:
    """One config on one workspace: what the jobs of a run share.

    Raises ConfigError for a workspace or archive URI of an unknown scheme.
    """

    def __init__(self, config: Config, session: Session) -> None:
        self.config = config
        self.session = session
        self.files = Files(session)
        self.archive = resolve_uri(config.source.archive, key="source.archive")
        root = resolve_uri(config.workspace, key="workspace")
        self.workspace = Workspace(root, self.files)
        session.checkpoint_to(checkpoints(root))
        sha256 = config.source.sha256
        self._archive_sha256 = None if sha256 is None else sha256.lower()

    @property
    def archive_sha256(self) -> str:
        """The archive's identity: the checksum in conf, else that of its bytes."""
        if self._archive_sha256 is None:
            if not self.files.exists(self.archive):
                raise absent(self.archive)
            self._archive_sha256 = self.files.sha256(self.archive)
        return self._archive_sha256

    def fingerprint(self, stage: dag.Stage) -> str:
        """Return the fingerprint of the stage's result under this config."""
        return fingerprint(stage, self.config, archive_sha256=self.archive_sha256)

    def find(self, stage: dag.Stage) -> Result | None:
        """Return the stage's result if it is complete."""
        return self.workspace.find(stage.name, self.fingerprint(stage))

    def require(self, stage: dag.Stage) -> Result:
        """Return the stage's result. Raises InputError with the command that makes it."""
        result = self.find(stage)
        if result is None:
            path = self.workspace.path(stage.name, self.fingerprint(stage))
            raise InputError(
                f"there is no result of {stage.name} for this config at {path}; make it with "
                f"`make {stage.name}` or jobs/{stage.job}.py, with the same conf"
            )
        return result

    def execute(
        self, stage: dag.Stage, run: Callable[[Context], None], *, force: bool = False
    ) -> Outcome:
        """Return the stage's result, running `run` where there is none or `force` asks for it.

        A failure leaves what was there before, and of a failure that the user can mend no files.
        """
        started = time.monotonic()
        result = None if force else self.find(stage)
        if result is not None:
            return Outcome(stage, result, time.monotonic() - started, reused=True)
        inputs = {one.name: self.require(one) for one in stage.inputs}
        draft = self.workspace.begin(stage.name, self.fingerprint(stage))
        context = Context(self, stage, inputs, draft, force=force)
        largest = max((n for one in inputs.values() for n in one.manifest.rows.values()), default=0)
        if largest:
            size_shuffles(self.session(), rows=largest)
        peak = PeakMemory(self.session)
        try:
            run(context)
            seconds = time.monotonic() - started
            result = draft.publish(context.manifest(seconds, peak.measured(context.spark)))
        except Exception as error:
            if isinstance(error, UserError) or storage_fault(error) is not None:
                # a disk that takes nothing may keep what it has
                with suppress(InputError):
                    draft.discard()
            raise
        return Outcome(stage, result, seconds, reused=False)
