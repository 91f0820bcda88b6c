"""The results of stages, at `<root>/<stage>/<fingerprint>/`, complete once a manifest is there.

Every run writes to a directory of its own below that, an attempt, and the manifest names the one
that counts. So runs at the same time never mix, a killed run leaves no result, and a result that
is made again stays complete until the new one is.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from movierec.errors import InputError
from movierec.pipeline.manifest import MANIFEST, Manifest
from movierec.spark.files import Files

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

ABANDONED: Final = timedelta(days=1)
"""An unpublished attempt that began longer ago is abandoned: no stage takes a day."""
_BEGUN: Final = "%Y%m%dT%H%M%SZ"


class Workspace:
    """The results below one root URI."""

    def __init__(self, root: str, files: Files) -> None:
        self.root = root
        self.files = files

    def path(self, stage: str, fingerprint: str) -> str:
        """Return the directory of the result's manifest and attempts, made or not."""
        return f"{self.root}/{stage}/{fingerprint}"

    def find(self, stage: str, fingerprint: str) -> Result | None:
        """Return the complete result, or None.

        On a local root this starts no Spark. A manifest that was cut off is not JSON and counts
        as none.
        """
        path = self.path(stage, fingerprint)
        text = self.files.read_text(f"{path}/{MANIFEST}")
        if text is None:
            return None
        try:
            manifest = Manifest(**json.loads(text))
        except (ValueError, TypeError):
            return None
        return Result(f"{path}/{manifest.attempt}", manifest, self.files)

    def begin(self, stage: str, fingerprint: str) -> Attempt:
        """Start an attempt and delete abandoned ones; a complete result stays until `publish`."""
        path = self.path(stage, fingerprint)
        complete = self.find(stage, fingerprint)
        if self.files.exists(path):
            kept = complete.manifest.attempt if complete else None
            for name in self.files.names(path):
                if name != kept and is_abandoned(name):
                    self.files.delete(f"{path}/{name}")
        return Attempt(self, stage, fingerprint, attempt_name(), complete)


def checkpoints(root: str) -> str:
    """Return the directory of Spark's checkpoints for a workspace."""
    return f"{root}/_checkpoints"


def attempt_name() -> str:
    """Return a name for an attempt that begins now: the time in UTC and random digits."""
    return f"{datetime.now(timezone.utc):{_BEGUN}}-{secrets.token_hex(4)}"


def is_abandoned(name: str) -> bool:
    """Return whether the name is that of an attempt that began more than `ABANDONED` ago."""
    begun = attempt_time(name)
    return begun is not None and datetime.now(timezone.utc) - begun > ABANDONED


def attempt_time(name: str) -> datetime | None:
    """Return when an attempt began, in UTC; None if the name is not that of an attempt."""
    try:
        return datetime.strptime(name.partition("-")[0], _BEGUN).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def check_size(files: Files, path: str, *, wanted: int, stage: str) -> None:
    """Raise InputError if a dataset of the stage has lost bytes."""
    size = files.size(path) if files.exists(path) else 0
    if size != wanted:
        raise InputError(
            f"{path}: {size:,} of {wanted:,} bytes are there: a file is gone or cut off; "
            f"make the stage {stage} again with FORCE=1 (--force)"
        )


@dataclass(frozen=True)
class Result:
    """A complete result."""

    path: str
    manifest: Manifest
    files: Files = field(compare=False, repr=False)

    def read(self, spark: SparkSession, dataset: str, schema: StructType) -> DataFrame:
        """Return a dataset; raise InputError if there is none such or its files lost bytes."""
        from movierec.data.schemas import conform

        self.check_has(dataset)
        return conform(spark.read.schema(schema).parquet(self.directory(dataset)), schema)

    def directory(self, name: str) -> str:
        """Return the URI of a dataset or another directory; InputError if its files lost bytes."""
        path = f"{self.path}/{name}"
        check_size(self.files, path, wanted=self.manifest.sizes[name], stage=self.manifest.stage)
        return path

    def read_text(self, name: str) -> str | None:
        """Return the text of a small file beside the datasets, None if it does not exist."""
        return self.files.read_text(f"{self.path}/{name}")

    def check_has(self, dataset: str) -> None:
        """Raise InputError with the names of the datasets if this one is not among them."""
        if dataset not in self.manifest.rows:
            names = ", ".join(self.manifest.rows)
            there = f"only {names}" if names else "and no other"
            raise InputError(f"{self.path}: there is no dataset {dataset!r}, {there}")


@dataclass
class Attempt:
    """A result that is being made; readers find it once `publish` has written the manifest."""

    workspace: Workspace
    stage: str
    fingerprint: str
    name: str
    replaces: Result | None
    """The complete result when this attempt began."""
    rows: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The directory of this attempt's files."""
        return f"{self.workspace.path(self.stage, self.fingerprint)}/{self.name}"

    def write(self, frame: DataFrame, dataset: str, schema: StructType) -> DataFrame:
        """Write the frame as Parquet and return it as read back, its rows counted."""
        from movierec.data.schemas import conform

        path = f"{self.path}/{dataset}"
        conform(frame, schema).write.mode("error").parquet(path)
        written = frame.sparkSession.read.schema(schema).parquet(path)
        self.rows[dataset] = written.count()
        self.sizes[dataset] = self.workspace.files.size(path)
        return written

    def write_directory(self, name: str, write: Callable[[str], None]) -> str:
        """Let `write` make a directory of its own format at a URI, which is returned.

        Like a dataset's, its bytes are recorded.
        """
        path = f"{self.path}/{name}"
        write(path)
        self.sizes[name] = self.workspace.files.size(path)
        return path

    def write_text(self, name: str, text: str) -> None:
        """Write a small text file beside the datasets."""
        self.workspace.files.write_text(f"{self.path}/{name}", text)

    def publish(self, manifest: Manifest) -> Result:
        """Write the manifest, last and in one piece, and return the result that now counts.

        If another run has published one meanwhile, that one counts and this attempt is deleted.
        Raises InputError if a dataset has lost bytes.
        """
        workspace = self.workspace
        for dataset, size in self.sizes.items():
            path = f"{self.path}/{dataset}"
            check_size(workspace.files, path, wanted=size, stage=self.stage)
        complete = workspace.find(self.stage, self.fingerprint)
        if complete is not None and complete != self.replaces:
            self.discard()
            return complete
        folder = workspace.path(self.stage, self.fingerprint)
        workspace.files.write_text(f"{folder}/{MANIFEST}", manifest.to_json())
        if self.replaces is not None:
            workspace.files.delete(self.replaces.path)
        return Result(self.path, manifest, workspace.files)

    def discard(self) -> None:
        """Delete everything written so far."""
        files = self.workspace.files
        files.delete(self.path)
        files.delete_if_empty(self.workspace.path(self.stage, self.fingerprint))
