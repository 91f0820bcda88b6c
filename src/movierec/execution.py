"""Runs a stage: finds its result or makes it."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from movierec import __version__, stages
from movierec.config import Config
from movierec.errors import InputError, UserError
from movierec.memory import PeakMemory
from movierec.progress import Progress
from movierec.session import Session, size_shuffles
from movierec.storage import Files, resolve_uri
from movierec.time_left import TimeLeft
from movierec.workspace import Draft, Manifest, Result, Workspace

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType


@dataclass(frozen=True)
class Outcome:
    """How a job ended well."""

    stage: stages.Stage
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
        session.checkpoint_to(f"{root}/_checkpoints")
        sha256 = config.source.sha256
        self._archive_sha256 = None if sha256 is None else sha256.lower()

    @property
    def archive_sha256(self) -> str:
        """The archive's identity: the checksum in conf, else that of its bytes."""
        if self._archive_sha256 is None:
            if not self.files.exists(self.archive):
                raise InputError(
                    f"source.archive: there is no {self.archive}; "
                    "fetch it with `make data` or name another with ARCHIVE="
                )
            self._archive_sha256 = self.files.sha256(self.archive)
        return self._archive_sha256

    def fingerprint(self, stage: stages.Stage) -> str:
        """Return the fingerprint of the stage's result under this config."""
        return stages.fingerprint(stage, self.config, archive_sha256=self.archive_sha256)

    def find(self, stage: stages.Stage) -> Result | None:
        """Return the stage's result if it is complete."""
        return self.workspace.find(stage.name, self.fingerprint(stage))

    def require(self, stage: stages.Stage) -> Result:
        """Return the stage's result. Raises InputError with the command that makes it."""
        result = self.find(stage)
        if result is None:
            path = self.workspace.path(stage.name, self.fingerprint(stage))
            raise InputError(
                f"there is no result of {stage.name} for this config at {path}; make it with "
                f"`make {stage.target}` or jobs/{stage.job}.py, with the same conf"
            )
        return result

    def execute(
        self, stage: stages.Stage, run: Callable[[Context], None], *, force: bool = False
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
        except UserError:
            draft.discard()
            raise
        return Outcome(stage, result, seconds, reused=False)


class Context:
    """What a job's `run` sees: its config, its inputs, and a place for its result."""

    def __init__(
        self,
        execution: Execution,
        stage: stages.Stage,
        inputs: dict[str, Result],
        draft: Draft,
        *,
        force: bool,
    ) -> None:
        self.execution = execution
        self.config = execution.config
        self.stage = stage
        self.facts: dict[str, Any] = {}
        """Small findings for the manifest."""
        self._inputs = inputs
        self.draft = draft
        self._force = force
        self._progress = Progress(stage.job, execution.session)
        self._steps: dict[str, float] = {}
        self._warnings: list[str] = []

    @property
    def spark(self) -> SparkSession:
        """The session."""
        return self.execution.session()

    def input(self, stage: stages.Stage) -> Result:
        """Return the result of a stage that this one reads."""
        return self._inputs[stage.name]

    def read(self, stage: stages.Stage, dataset: str, schema: StructType) -> DataFrame:
        """Return a dataset of a stage that this one reads."""
        return self._inputs[stage.name].read(self.spark, dataset, schema)

    def write(self, frame: DataFrame, dataset: str, schema: StructType) -> DataFrame:
        """Write a dataset of the result and return it as read back."""
        return self.draft.write(frame, dataset, schema)

    def part(
        self,
        name: str,
        version: int,
        identity: dict[str, Any],
        compute: Callable[[], dict[str, Any]],
    ) -> tuple[dict[str, Any], bool]:
        """Return the facts of a part of the stage, and whether they were there already.

        A part is a result of its own, by its name, version, identity and the stage's inputs: a
        killed stage goes on with the parts that are complete, and two configs share what is equal.
        """
        inputs = self.input_fingerprints()
        fingerprint = stages.digest(name, version, identity, inputs)
        workspace = self.execution.workspace
        result = None if self._force else workspace.find(name, fingerprint)
        if result is not None:
            return result.manifest.facts, True
        started = time.monotonic()
        draft = workspace.begin(name, fingerprint)
        manifest = Manifest(
            stage=name,
            fingerprint=fingerprint,
            attempt=draft.attempt,
            version=version,
            config=identity,
            inputs=inputs,
            rows={},
            sizes={},
            facts=compute(),
            steps={},
            seconds=round(time.monotonic() - started, 3),
            versions=versions(self.spark),
            warnings=[],
        )
        return draft.publish(manifest).manifest.facts, False

    def input_fingerprints(self) -> dict[str, str]:
        """Return the fingerprint of each input by its stage's name."""
        return {name: result.manifest.fingerprint for name, result in self._inputs.items()}

    def say(self, message: str) -> None:
        """Tell the user how the job goes, on standard error."""
        self._progress.say(message)

    def warn(self, message: str) -> None:
        """Tell the user and the manifest what looks wrong but stops nothing."""
        self._warnings.append(message)
        self.say(f"warning: {message}")

    @contextmanager
    def step(self, name: str, *, of: int | None = None) -> Iterator[None]:
        """Show how far a step is, and time it for the manifest; one that runs twice adds up.

        `of` is how often it is going to `advance`, if it counts what it does.
        """
        started = time.monotonic()
        with self._progress.step(name, of=of):
            yield
        seconds = time.monotonic() - started
        self._steps[name] = round(self._steps.get(name, 0.0) + seconds, 3)
        self.say(f"{name} {seconds:.1f} s")

    def advance(self, left: TimeLeft | None = None) -> None:
        """Count one more of what the step counts; `left` is how long the step takes yet."""
        self._progress.advance(left)

    def manifest(self, seconds: float, peak_memory: int | None) -> Manifest:
        """Return the manifest of the finished result."""
        return Manifest(
            stage=self.stage.name,
            fingerprint=self.draft.fingerprint,
            attempt=self.draft.attempt,
            version=self.stage.version,
            config=stages.effective_config(self.config, self.stage.keys),
            inputs=self.input_fingerprints(),
            rows=self.draft.rows,
            sizes=self.draft.sizes,
            facts=self.facts,
            steps=self._steps,
            seconds=round(seconds, 3),
            versions=versions(self.spark),
            warnings=self._warnings,
            peak_memory=peak_memory,
        )


def versions(spark: SparkSession) -> dict[str, str]:
    """Return the versions that a result was made with."""
    row = spark.sql("SELECT java_method('java.lang.System', 'getProperty', 'java.version')").first()
    assert row is not None  # a query without FROM has one row
    return {
        "movierec": __version__,
        "spark": spark.version,
        "python": platform.python_version(),
        "java": str(row[0]),
    }
