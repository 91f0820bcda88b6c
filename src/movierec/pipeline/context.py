"""What the code of a stage gets: config, inputs, a place for its result, and progress."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from movierec import __version__
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.fingerprint import digest, effective_config
from movierec.pipeline.manifest import Manifest
from movierec.pipeline.workspace import Attempt, Result
from movierec.spark.jvm import call_static
from movierec.spark.progress import Progress
from movierec.spark.time_left import TimeLeft

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from movierec.data.datasets import Dataset


class Context:
    """What `run` of a stage gets: its config, its inputs, and a place for its result."""

    def __init__(
        self,
        execution: Execution,
        stage: dag.Stage,
        inputs: dict[str, Result],
        attempt: Attempt,
        *,
        force: bool,
    ) -> None:
        self.execution = execution
        self.config = execution.config
        self.stage = stage
        self.facts: dict[str, Any] = {}
        """Small findings for the manifest."""
        self._inputs = inputs
        self.attempt = attempt
        self._force = force
        self._progress = Progress(stage.job, execution.session)
        self._steps: dict[str, float] = {}
        self._warnings: list[str] = []

    @property
    def spark(self) -> SparkSession:
        """The session."""
        return self.execution.session()

    def input(self, stage: dag.Stage) -> Result:
        """Return the result of an input stage."""
        return self._inputs[stage.name]

    def read(self, dataset: Dataset, **keys: str) -> DataFrame:
        """Return a dataset of an input stage; `keys` are its model and split."""
        result = self._inputs[dataset.stage]
        return result.read(self.spark, dataset.at(**keys), dataset.schema)

    def write(self, frame: DataFrame, dataset: Dataset, **keys: str) -> DataFrame:
        """Write a dataset of this stage and return it as read back."""
        return self.attempt.write(frame, dataset.at(**keys), dataset.schema)

    def write_rows(self, rows: Sequence[Any], dataset: Dataset) -> DataFrame:
        """Write a small dataset of this stage from its rows and return it as read back."""
        return self.write(self.spark.createDataFrame(rows, dataset.schema), dataset)

    def cached_part(
        self,
        name: str,
        version: int,
        identity: dict[str, Any],
        compute: Callable[[], dict[str, Any]],
    ) -> tuple[dict[str, Any], bool]:
        """Return the facts of a part of the stage, and whether they were there already.

        A part is a result of its own, identified by its name, version, `identity` and the stage's
        inputs: a killed stage keeps its complete parts, and configs share equal parts.
        """
        fingerprint = digest(name, version, identity, self._input_fingerprints())
        workspace = self.execution.workspace
        result = None if self._force else workspace.find(name, fingerprint)
        if result is not None:
            return result.manifest.facts, True
        started = time.monotonic()
        attempt = workspace.begin(name, fingerprint)
        facts = compute()
        own = {"version": version, "config": identity, "facts": facts, "steps": {}, "warnings": []}
        manifest = self._manifest(attempt, time.monotonic() - started, own)
        return attempt.publish(manifest).manifest.facts, False

    def say(self, message: str) -> None:
        """Print how the job goes on standard error."""
        self._progress.say(message)

    def warn(self, message: str) -> None:
        """Print a warning and add it to the manifest."""
        self._warnings.append(message)
        self.say(f"warning: {message}")

    @contextmanager
    def step(self, name: str, *, of: int | None = None) -> Iterator[None]:
        """Show a step's progress and time it for the manifest; equal names add up.

        `of` is the number of times that it calls `advance`, if it does.
        """
        started = time.monotonic()
        with self._progress.step(name, of=of):
            yield
        seconds = time.monotonic() - started
        self._steps[name] = round(self._steps.get(name, 0.0) + seconds, 3)
        self.say(f"{name} {seconds:.1f} s")

    def advance(self, left: TimeLeft | None = None) -> None:
        """Advance the step's progress by one; `left` is the time that it still takes."""
        self._progress.advance(left)

    def manifest(self, seconds: float, peak_memory: int | None) -> Manifest:
        """Return the manifest of the finished result."""
        own = {
            "version": self.stage.version,
            "config": effective_config(self.config, self.stage.keys),
            "facts": self.facts,
            "steps": self._steps,
            "warnings": self._warnings,
            "peak_memory": peak_memory,
        }
        return self._manifest(self.attempt, seconds, own)

    def _manifest(self, attempt: Attempt, seconds: float, own: dict[str, Any]) -> Manifest:
        return Manifest(
            stage=attempt.stage,
            fingerprint=attempt.fingerprint,
            attempt=attempt.name,
            inputs=self._input_fingerprints(),
            rows=attempt.rows,
            sizes=attempt.sizes,
            seconds=round(seconds, 3),
            versions=versions(self.spark),
            **own,
        )

    def _input_fingerprints(self) -> dict[str, str]:
        return {name: result.manifest.fingerprint for name, result in self._inputs.items()}


def versions(spark: SparkSession) -> dict[str, str]:
    """Return the versions that a result was made with."""
    (java,) = call_static(spark, ("java.lang.System", "getProperty", "java.version"))
    return {
        "movierec": __version__,
        "spark": spark.version,
        "python": platform.python_version(),
        "java": str(java),
    }
