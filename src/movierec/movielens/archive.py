"""The zipped source: its directory is checked before a member is read."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import numpy as np

from movierec.config.uris import missing_archive
from movierec.errors import InputError
from movierec.spark.files import Files, sha256_of

MAX_RATIO: Final = 200
"""Highest ratio of inflated to packed size. Deflate's bound is 1032; MovieLens text has 3 to 10."""
SMALL_MEMBER: Final = 1 << 20
"""Inflated size in bytes up to which any ratio is allowed."""
MAX_TOTAL: Final = 1 << 40
"""Highest inflated size in bytes of all members together: about eight hundred times ml-latest."""

_ENCRYPTED = 0x1
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FETCH_AGAIN = "fetch it again with `make data FORCE=1`"
_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = b"\r\n"
_BLOCK = 1 << 20
# what zipfile raises for a damaged zip; OSError and ValueError for places outside of the file
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, NotImplementedError, OSError, ValueError),
)


@contextmanager
def open_archive(files: Files, uri: str, *, sha256: str | None) -> Iterator[Archive]:
    """Yield the archive; one that is not local is copied to the driver for the block.

    Raises InputError if it is missing, its checksum is not `sha256`, if given, or its directory
    is refused.
    """
    if not files.exists(uri):
        raise missing_archive(uri)
    with files.open(uri) as file:
        if sha256 is not None and (actual := sha256_of(file)) != sha256.lower():
            raise InputError(
                f"{uri}: its sha256 is {actual}, not source.sha256 {sha256}; "
                f"{_FETCH_AGAIN}, or set source.sha256 to null to take it as it is"
            )
        yield Archive(uri, file)


class Archive:
    """An open archive whose directory has been checked.

    Raises InputError if it is not a complete zip, or has what a MovieLens archive never has: names
    that lead out of it, duplicate names, encryption, compression other than deflate, extreme
    expansion.
    """

    members: dict[str, zipfile.ZipInfo]
    """The members by their full name, without folders."""

    def __init__(self, uri: str, file: BinaryIO) -> None:
        self._uri = uri
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file)
        except _DAMAGE as error:
            raise InputError(
                f"{uri}: not a zip, or one that was cut off or damaged ({error}); {_FETCH_AGAIN}"
            ) from None
        members = self._zip.infolist()
        for member in members:
            fault = _member_fault(member)
            if fault is not None:
                raise InputError(f"{uri}: member {member.orig_filename!r}: {fault}")
        _check_all(uri, members)
        self.members = {member.filename: member for member in members if not member.is_dir()}

    def check_unchanged(self, sha256: str) -> None:
        """Raise InputError if the checksum is another, so the file was replaced meanwhile."""
        if sha256_of(self._file) != sha256:
            raise InputError(f"{self._uri}: it was replaced while it was read; run the job again")

    def read_rows(self, name: str, *, header: str | None) -> Iterator[bytes]:
        """Yield a member's content without its header line, in blocks of at most 1 MiB.

        Raises InputError if the content does not begin with the header, or does not have the size
        and checksum in the directory. Never yields more than that size.
        """
        origin = f"{self._uri}: member {name!r}"
        member = self.members[name]
        try:
            with self._zip.open(member) as content:
                first = content.read(_BLOCK)
                yield first[_header_length(first, header, origin=origin) :]
                size = len(first)
                while block := content.read(_BLOCK):
                    yield block
                    size += len(block)
            # what exceeds the size in the directory is not read, and fails by its checksum
            if size < member.file_size:
                raise zipfile.BadZipFile(f"{size} bytes instead of {member.file_size}")
        except _DAMAGE as error:
            # a name in it can be long; that of a cut-off member is empty
            detail = str(error)[:200] or "it is cut off"
            message = f"{origin}: its content is damaged ({detail}); {_FETCH_AGAIN}"
            raise InputError(message) from None

    def count_rows(self, name: str, *, header: str | None) -> int:
        """Return the number of a member's lines that are not empty, without the header.

        Raises InputError as `read_rows` does.
        """
        rows, last = 0, b""
        for block in self.read_rows(name, header=header):
            # a row ends where a line end follows any other byte
            content = np.frombuffer(last + block, np.uint8)
            ends = (content == _LINE_ENDS[0]) | (content == _LINE_ENDS[1])
            rows += int(np.count_nonzero(ends[1:] > ends[:-1]))
            last = block[-1:]
        return rows + (last not in _LINE_ENDS)


def _member_fault(member: zipfile.ZipInfo) -> str | None:
    """Return what is wrong with a single member, None if nothing is."""
    # `filename` is cut at a null byte and has its separators replaced; this is the raw name.
    name = member.orig_filename
    if re.search(r"[\x00-\x1f\x7f\\]", name):
        return "the name has a backslash or a control character; pack the archive again"
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in name.split("/"):
        return "the name leads out of the archive; do not use it, fetch GroupLens's own"
    if member.flag_bits & _ENCRYPTED:
        return "it is encrypted; pack the archive again without a password"
    if member.compress_type not in _COMPRESSIONS:
        method = member.compress_type
        return f"it is compressed by method {method} of zip; pack the archive again with deflate"
    if member.file_size > max(SMALL_MEMBER, member.compress_size * MAX_RATIO):
        return (
            f"{member.compress_size} bytes would inflate to {member.file_size}, more than "
            f"{MAX_RATIO} times; do not use it, fetch GroupLens's own"
        )
    return None


def _check_all(uri: str, members: list[zipfile.ZipInfo]) -> None:
    """Raise InputError for members that are too large together or have equal names."""
    total = sum(member.file_size for member in members)
    if total > MAX_TOTAL:
        raise InputError(
            f"{uri}: its members would inflate to {total} bytes, more than {MAX_TOTAL}; "
            "do not use it, fetch GroupLens's own"
        )
    for name, count in Counter(member.filename for member in members).items():
        if count > 1:
            raise InputError(
                f"{uri}: member {name!r}: the name stands {count} times; pack the archive again"
            )


def _header_length(first: bytes, header: str | None, *, origin: str) -> int:
    """Return the length of what is before the rows: a byte order mark and the header, if any.

    The header's names may be quoted.
    """
    start = len(_BOM) if first.startswith(_BOM) else 0
    if header is None:
        return start
    line, end = re.match(rb"([^\r\n]*)(\r\n?|\n)?", first[start:]).groups(b"")  # type: ignore[union-attr]
    if line.replace(b'"', b"") != header.encode():
        raise InputError(
            f"{origin}: {_describe_first_line(line)}, not {header!r}; "
            "use an archive of the layout in source.layout"
        )
    return start + len(line) + len(end)


def _describe_first_line(line: bytes) -> str:
    if not line:
        return "its first line is empty"
    text = line[:80].decode("utf-8", errors="backslashreplace")
    return f"its first line is {text!r}" + ("..." if len(line) > 80 else "")
