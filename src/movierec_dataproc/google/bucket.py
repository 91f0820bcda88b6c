"""Objects in Cloud Storage: written once, never overwritten."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google.api_core import exceptions as api
from google.cloud.storage import Blob, Client

from movierec.errors import InputError
from movierec_dataproc.google.errors import explained

CHUNK_BYTES: Final = 32 << 20
"""Size of a part of a large upload; a broken connection costs one part."""


@dataclass(frozen=True)
class FileContent:
    """A local file, its size and its checksums."""

    path: Path
    size: int
    sha256: str
    md5: str
    """In base64, as Cloud Storage returns it."""


def read_content(path: Path) -> FileContent:
    """Return the file's size and checksums. Raises InputError if it cannot be read."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                sha256.update(block)
                md5.update(block)
                size += len(block)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    return FileContent(path, size, sha256.hexdigest(), base64.b64encode(md5.digest()).decode())


class Bucket:
    """One bucket. A failed request raises UserError with the object's URI and a suggested fix."""

    def __init__(self, client: Client, name: str) -> None:
        self.name = name
        self._bucket = client.bucket(name)

    def put_once(self, name: str, content: FileContent) -> bool:
        """Upload a file unless an object has its name and content; tell whether it was sent.

        Large files are sent in parts, and a part is sent again if the connection breaks. Raises
        InputError if the object has other content.
        """
        uri = f"gs://{self.name}/{name}"
        with explained(uri):
            found = self._bucket.get_blob(name)
            if found is None:
                blob = self._bucket.blob(name, chunk_size=CHUNK_BYTES)
                blob.metadata = {"sha256": content.sha256}
                try:
                    # generation 0: only if there is no object, so no upload overwrites another
                    blob.upload_from_filename(str(content.path), if_generation_match=0)
                    return True
                except api.PreconditionFailed:
                    # another upload was first, or our own first attempt, whose answer was lost
                    found = self._bucket.get_blob(name)
        if found is None or not _has_content(found, content):
            raise InputError(
                f"{uri}: holds other bytes than {content.path} and is never overwritten: "
                "delete it, or set another prefix in conf/cluster.yaml"
            )
        return False

    def sha256(self, name: str) -> str | None:
        """Return the checksum that our upload stored with the object, None if there is none.

        Raises InputError if there is no such object.
        """
        uri = f"gs://{self.name}/{name}"
        with explained(uri):
            found = self._bucket.get_blob(name)
        if found is None:
            raise InputError(f"{uri}: there is no such object: upload it first")
        metadata: dict[str, str] = found.metadata or {}
        return metadata.get("sha256")

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a small object, None if there is none."""
        with explained(f"gs://{self.name}/{name}"):
            try:
                content: bytes = self._bucket.blob(name).download_as_bytes()
            except api.NotFound:
                return None
        return content

    def size(self, name: str) -> int | None:
        """Return an object's size in bytes, None if there is none. Raises Google's exceptions."""
        found = self._bucket.get_blob(name)
        return None if found is None else int(found.size or 0)

    def read_range(self, name: str, start: int, end: int) -> bytes:
        """Return the object's bytes in [start, end). Raises Google's exceptions.

        There is no check by checksum: Cloud Storage has one of the whole object only.
        """
        blob = self._bucket.blob(name)
        content: bytes = blob.download_as_bytes(start=start, end=end - 1, checksum=None)
        return content


def _has_content(blob: Blob, content: FileContent) -> bool:
    """Tell whether an object has the file's bytes, by SHA-256 if it has no MD5 (sent in parts)."""
    stored = (blob.metadata or {}).get("sha256")
    same = blob.md5_hash == content.md5 if blob.md5_hash else stored == content.sha256
    return blob.size == content.size and bool(same)
