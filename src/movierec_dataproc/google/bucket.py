"""Objects in Cloud Storage: written once, compared before they are sent again."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google.api_core import exceptions as api
from google.cloud.storage import Blob, Client

from movierec.errors import InputError
from movierec_dataproc.google.errors import REMOTE, explain

CHUNK: Final = 32 << 20
"""Bytes of a part of a large upload: what is sent again after a broken connection."""


@dataclass(frozen=True)
class FileContent:
    """A local file and what identifies its content."""

    path: Path
    size: int
    sha256: str
    md5: str
    """In base64, as Cloud Storage gives it."""


def read_content(path: Path) -> FileContent:
    """Return the file's size and checksums. Raises InputError where it cannot be read."""
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
    """One bucket. Raises UserError with the object's URI and the cure where it fails."""

    def __init__(self, client: Client, name: str) -> None:
        self.name = name
        self._bucket = client.bucket(name)

    def put_once(self, name: str, content: FileContent) -> bool:
        """Upload a file under a name that never changes its content; tell whether it was sent.

        What is there already is compared and not sent again. Large files go in parts, each of
        which is sent again where the connection breaks. Raises InputError where another content
        is there under the name.
        """
        uri = f"gs://{self.name}/{name}"
        try:
            found = self._bucket.get_blob(name)
            if found is None:
                blob = self._bucket.blob(name, chunk_size=CHUNK)
                blob.metadata = {"sha256": content.sha256}
                try:
                    # generation 0: nothing there, so two laptops cannot overwrite each other
                    blob.upload_from_filename(str(content.path), if_generation_match=0)
                    return True
                except api.PreconditionFailed:
                    # another laptop was first, or our own first try, whose answer got lost
                    found = self._bucket.get_blob(name)
        except REMOTE as error:
            raise explain(error, place=uri) from None
        if found is None or not _same(found, content):
            raise InputError(
                f"{uri}: holds other bytes than {content.path}, and is never overwritten: "
                "delete it, or take another prefix in conf/cluster.yaml"
            )
        return False

    def sha256(self, name: str) -> str | None:
        """Return the checksum that an upload of ours left at the object, None where there is none.

        Raises InputError where there is no such object.
        """
        found = self._blob(name)
        if found is None:
            raise InputError(f"gs://{self.name}/{name}: there is no such object: upload it first")
        metadata: dict[str, str] = found.metadata or {}
        return metadata.get("sha256")

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a small object, None where there is none."""
        try:
            content: bytes = self._bucket.blob(name).download_as_bytes()
        except api.NotFound:
            return None
        except REMOTE as error:
            raise explain(error, place=f"gs://{self.name}/{name}") from None
        return content

    def size(self, name: str) -> int | None:
        """Return an object's bytes, None where there is none; raises what Google does."""
        found = self._bucket.get_blob(name)
        return None if found is None else int(found.size or 0)

    def read_range(self, name: str, start: int, end: int) -> bytes:
        """Return the object's bytes from `start` up to and without `end`; raises what Google does.

        Not checked by a checksum, which is the whole object's.
        """
        blob = self._bucket.blob(name)
        content: bytes = blob.download_as_bytes(start=start, end=end - 1, checksum=None)
        return content

    def _blob(self, name: str) -> Blob | None:
        try:
            return self._bucket.get_blob(name)
        except REMOTE as error:
            raise explain(error, place=f"gs://{self.name}/{name}") from None


def _same(blob: Blob, content: FileContent) -> bool:
    """Tell whether an object has the file's bytes; one of several parts has no MD5 to compare."""
    noted = (blob.metadata or {}).get("sha256")
    same = blob.md5_hash == content.md5 if blob.md5_hash else noted == content.sha256
    return blob.size == content.size and bool(same)
