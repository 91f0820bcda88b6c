"""What a stage's code sees of the run that it is part of."""

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
from movierec.pipeline.workspace import Draft, Result
from movierec.spark.jvm import call_static
from movierec.spark.progress import Progress
from movierec.spark.time_left import TimeLeft

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from movierec.data.datasets import Dataset


class Context:
    """What a job's `run` sees: its config, its inputs, and a place for its result."""

    def __init__(
        self,
        execution: Execution,
        stage: dag.Stage,
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

    def input(self, stage: dag.Stage) -> Result:
        """Return the result of a stage that this one reads."""
        return self._inputs[stage.name]

    def read(self, dataset: Dataset, **keys: str) -> DataFrame:
        """Return a dataset of a stage that this one reads; `keys` are its model and split."""
        result = self._inputs[dataset.stage]
        return result.read(self.spark, dataset.at(**keys), dataset.schema)

    def write(self, frame: DataFrame, dataset: Dataset, **keys: str) -> DataFrame:
        """Write a dataset of this stage and return it as read back."""
        return self.draft.write(frame, dataset.at(**keys), dataset.schema)

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

        A part is a result of its own, by its name, version, identity and the stage's inputs: a
        killed stage goes on with the parts that are complete, and two configs share what is equal.
        """
        inputs = self.input_fingerprints()
        fingerprint = digest(name, version, identity, inputs)
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
            config=effective_config(self.config, self.stage.keys),
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
    (java,) = call_static(spark, ("java.lang.System", "getProperty", "java.version"))
    return {
        "movierec": __version__,
        "spark": spark.version,
        "python": platform.python_version(),
        "java": str(java),
    }
