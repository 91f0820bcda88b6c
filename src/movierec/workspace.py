"""The results of stages: `<root>/<stage>/<fingerprint>/`, complete once its manifest is there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from movierec.errors import InputError
from movierec.storage import Files

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

MANIFEST = "_manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What a result is and how it came to be."""

    stage: str
    fingerprint: str
    version: int
    config: dict[str, Any]
    inputs: dict[str, str]
    rows: dict[str, int]
    """Rows of each dataset, by its name, which is its path below the result."""
    facts: dict[str, Any]
    """Small findings of the stage, such as an audit or a winner's parameters."""
    steps: dict[str, float]
    """Seconds of each step."""
    seconds: float
    versions: dict[str, str]
    warnings: list[str]

    def to_json(self) -> str:
        """Return the manifest as JSON; a cut-off piece of it never parses."""
        return json.dumps(vars(self), indent=2, allow_nan=False) + "\n"


class Workspace:
    """The results below one root URI."""

    def __init__(self, root: str, files: Files) -> None:
        self.root = root
        self.files = files

    def path(self, stage: str, fingerprint: str) -> str:
        """Return where the result lies or will lie."""
        return f"{self.root}/{stage}/{fingerprint}"

    def find(self, stage: str, fingerprint: str) -> Result | None:
        """Return the complete result, or None.

        On a local root this starts no Spark. A manifest that was cut off while it was written
        is not JSON and counts as none.
        """
        path = self.path(stage, fingerprint)
        text = self.files.read_text(f"{path}/{MANIFEST}")
        if text is None:
            return None
        try:
            return Result(path, Manifest(**json.loads(text)))
        except (ValueError, TypeError):
            return None

    def begin(self, stage: str, fingerprint: str) -> Draft:
        """Return an empty place for a result, after removing what is there.

        The old manifest goes first, so that a reader never sees half of an old result.
        """
        path = self.path(stage, fingerprint)
        self.files.delete(f"{path}/{MANIFEST}")
        self.files.delete(path)
        return Draft(path, self.files)


@dataclass(frozen=True)
class Result:
    """A complete result."""

    path: str
    manifest: Manifest

    def read(self, spark: SparkSession, dataset: str, schema: StructType) -> DataFrame:
        """Return a dataset of the result. Raises InputError where the result has none such."""
        from movierec.schemas import conform

        if dataset not in self.manifest.rows:
            known = ", ".join(self.manifest.rows)
            raise InputError(f"{self.path}: there is no dataset {dataset!r}, only {known}")
        frame = spark.read.schema(schema).parquet(f"{self.path}/{dataset}")
        return conform(frame, schema)


@dataclass
class Draft:
    """A result in the making: it exists for readers once `publish` has written the manifest."""

    path: str
    files: Files
    rows: dict[str, int] = field(default_factory=dict)

    def write(self, frame: DataFrame, dataset: str, schema: StructType) -> DataFrame:
        """Write the frame as Parquet and return it as read back, its rows counted."""
        from movierec.schemas import conform

        path = f"{self.path}/{dataset}"
        conform(frame, schema).write.mode("error").parquet(path)
        written = frame.sparkSession.read.schema(schema).parquet(path)
        self.rows[dataset] = written.count()
        return written

    def write_text(self, name: str, text: str) -> None:
        """Write a small text file beside the datasets."""
        self.files.write_text(f"{self.path}/{name}", text)

    def publish(self, manifest: Manifest) -> Result:
        """Write the manifest, last and in one piece."""
        self.files.write_text(f"{self.path}/{MANIFEST}", manifest.to_json())
        return Result(self.path, manifest)

    def discard(self) -> None:
        """Remove everything written so far."""
        self.files.delete(self.path)
