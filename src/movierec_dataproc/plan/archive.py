"""The MovieLens archive of a conf: on the laptop, in a bucket, or on HDFS already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from movierec.config.schema import Config, SourceConfig
from movierec.errors import ConfigError, InputError
from movierec_dataproc.conf.target import Target, split_uri
from movierec_dataproc.google.bucket import Bucket, FileContent, read_content

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


def local_path(source: SourceConfig) -> Path | None:
    """Return the archive's path on this machine, None if it is in a bucket or on HDFS.

    Raises ConfigError for any other URI.
    """
    value = source.archive
    scheme, colon, rest = value.partition(":")
    if colon and scheme in ("gs", "hdfs"):
        return None
    if colon and scheme != "file" and not Path(value).exists():
        raise ConfigError(
            [f"source.archive: a path or a file:, hdfs: or gs: URI was expected, not {value!r}"]
        )
    return Path(rest.removeprefix("//") if scheme == "file" else value)


def find_archive(config: Config, *, target: Target, dry_run: bool = False) -> Archive:
    """Return the archive that the config names. A local file is read to compute its checksum.

    Raises InputError if a local file does not exist (a dry run uses zeros for its checksum instead)
    or if its checksum differs from `source.sha256`.
    """
    path = local_path(config.source)
    known = config.source.sha256.lower() if config.source.sha256 else None
    if path is None:
        return Archive(uri=config.source.archive, sha256=known, local=None)
    if dry_run and not path.exists():
        sha256 = known or UNKNOWN_SHA256
        return Archive(uri=archive_uri(target, path, sha256), sha256=sha256, local=None)
    if not path.exists():
        raise InputError(
            f"source.archive: {path} does not exist: fetch it with `make data`, or name one in a "
            "bucket with --set source.archive=gs://…"
        )
    content = read_content(path)
    if known not in (None, content.sha256):
        raise InputError(
            f"{path}: its sha256 is {content.sha256}, but source.sha256 is {known}: fetch it "
            "again with `make data FORCE=1`, or correct the conf"
        )
    uri = archive_uri(target, path, content.sha256)
    return Archive(uri=uri, sha256=content.sha256, local=content)


def archive_uri(target: Target, path: Path, sha256: str) -> str:
    """Return the URI to upload a local archive to."""
    return target.uri(FOLDER, sha256[:12], path.name)


def upload_archive(archive: Archive, *, bucket: Bucket) -> bool:
    """Upload a local archive unless it is in the bucket already; tell whether it was sent."""
    if archive.local is None:
        return False
    return bucket.put_once(split_uri(archive.uri)[1], archive.local)
