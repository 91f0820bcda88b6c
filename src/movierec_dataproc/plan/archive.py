"""The MovieLens archive of a conf: on the laptop, in a bucket, or on HDFS already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from movierec.config.schema import SourceConfig
from movierec.config.uris import is_local, local_path, missing_archive, resolve_uri
from movierec.errors import InputError
from movierec_dataproc.conf.target import Target
from movierec_dataproc.google.bucket import FileContent, read_content

FOLDER: Final = "archives"
UNKNOWN_SHA256: Final = "0" * 64
"""The checksum that a dry run shows if the file does not exist."""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """Where the archive is read from, and its checksum if it is known."""

    uri: str
    """gs://…, which stage_in copies to HDFS, or hdfs://…, which a cluster reads directly."""
    sha256: str | None
    local: FileContent | None
    """The local file to upload to `uri`, if there is one."""

    @property
    def staged(self) -> bool:
        """Tell whether a cluster copies it to HDFS first."""
        return self.uri.startswith("gs://")

    def on_hdfs(self, folder: str) -> str:
        """Return its URI on a cluster, below the folder for archives.

        The checksum in the path separates two archives of the same name.
        """
        if not self.staged:
            return self.uri
        parts = [folder, *([self.sha256[:12]] if self.sha256 else []), Path(self.uri).name]
        return "/".join(parts)


def find_archive(source: SourceConfig, *, target: Target, dry_run: bool = False) -> Archive:
    """Return the archive that the conf names. A local file is read to compute its checksum.

    Raises InputError if a local file does not exist (a dry run uses zeros for its checksum instead)
    or if its checksum differs from `source.sha256`.
    """
    uri = resolve_uri(source.archive, key="source.archive")
    sha256 = source.sha256.lower() if source.sha256 else None
    if not is_local(uri):
        return Archive(uri=uri, sha256=sha256, local=None)
    path, content = Path(local_path(uri)), None
    if path.exists():
        content = read_content(path)
        if sha256 not in (None, content.sha256):
            raise InputError(
                f"{path}: its sha256 is {content.sha256}, but source.sha256 is {sha256}: fetch it "
                "again with `make data FORCE=1`, or correct the conf"
            )
    elif not dry_run:
        raise missing_archive(uri)
    sha256 = content.sha256 if content else sha256 or UNKNOWN_SHA256
    uri = target.uri(FOLDER, sha256[:12], path.name)
    return Archive(uri=uri, sha256=sha256, local=content)
