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
UNKNOWN: Final = "0" * 64
"""Stands for a checksum in a dry run without the file."""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """Where the archive is read from, and its content's identity where it is known."""

    uri: str
    """gs://…, staged to HDFS before use, or hdfs://…, which a cluster reads as it is."""
    sha256: str | None
    local: FileContent | None
    """The file that is uploaded to `uri` first."""

    @property
    def staged(self) -> bool:
        """Tell whether a cluster copies it to HDFS first."""
        return self.uri.startswith("gs://")

    def on_hdfs(self, folder: str) -> str:
        """Return where a cluster finds it, below the folder for archives.

        A checksum in the path keeps two archives of one name apart.
        """
        if not self.staged:
            return self.uri
        parts = [folder, *([self.sha256[:12]] if self.sha256 else []), Path(self.uri).name]
        return "/".join(parts)


def local_path(source: SourceConfig) -> Path | None:
    """Return the path of an archive on this machine, None where it lies elsewhere.

    Raises ConfigError for a URI that neither this machine nor a cluster reads.
    """
    value = source.archive
    scheme, colon, rest = value.partition(":")
    if colon and scheme in ("gs", "hdfs"):
        return None
    if colon and scheme != "file" and not Path(value).exists():
        raise ConfigError([f"source.archive: {value!r} is no path, file:, hdfs: or gs: URI"])
    return Path(rest.removeprefix("//") if scheme == "file" else value)


def find_archive(config: Config, *, target: Target, dry: bool = False) -> Archive:
    """Return the archive that the config names. A local file is read through for its checksum.

    Raises InputError where a local one is not there or is another than `source.sha256` says;
    a dry run then goes on with zeros for the checksum.
    """
    path = local_path(config.source)
    known = config.source.sha256.lower() if config.source.sha256 else None
    if path is None:
        return Archive(uri=config.source.archive, sha256=known, local=None)
    if dry and not path.exists():
        sha256 = known or UNKNOWN
        return Archive(uri=archive_uri(target, path, sha256), sha256=sha256, local=None)
    if not path.exists():
        raise InputError(
            f"source.archive: there is no {path}: fetch it with `make data`, or name one in a "
            "bucket with --set source.archive=gs://…"
        )
    content = read_content(path)
    if known not in (None, content.sha256):
        raise InputError(
            f"{path}: its sha256 is {content.sha256}, and source.sha256 says {known}: fetch it "
            "again with `make data FORCE=1`, or correct the conf"
        )
    uri = archive_uri(target, path, content.sha256)
    return Archive(uri=uri, sha256=content.sha256, local=content)


def archive_uri(target: Target, path: Path, sha256: str) -> str:
    """Return where a local archive lies in the bucket."""
    return target.uri(FOLDER, sha256[:12], path.name)


def upload_archive(archive: Archive, *, bucket: Bucket) -> bool:
    """Upload a local archive unless it is there already; tell whether it was sent."""
    if archive.local is None:
        return False
    return bucket.put_once(split_uri(archive.uri)[1], archive.local)
