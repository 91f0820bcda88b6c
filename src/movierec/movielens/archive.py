"""The zipped source: its directory is checked before a member is inflated."""

from __future__ import annotations

import re
import struct
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import Final

from movierec.config.uris import missing_archive
from movierec.errors import InputError
from movierec.spark.files import Files

MAX_RATIO: Final = 200
"""Highest ratio of inflated to packed size. Deflate's bound is 1032; MovieLens text has 3 to 10."""
SMALL_MEMBER: Final = 1 << 20
"""Inflated size in bytes up to which any ratio is allowed."""
MAX_TOTAL: Final = 64 << 30
"""Highest inflated size in bytes of all members together: about fifty times ml-latest."""

_ENCRYPTED = 0x1
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FETCH_AGAIN = "fetch it again with `make data FORCE=1`"
_BOM = b"\xef\xbb\xbf"


def check_sha256(files: Files, uri: str, *, expected: str | None) -> None:
    """Raise InputError if the archive is missing or its checksum is not `expected`, if given."""
    _check_exists(files, uri)
    if expected is None:
        return
    actual = files.sha256(uri)
    if actual != expected.lower():
        raise InputError(
            f"{uri}: its sha256 is {actual}, not source.sha256 {expected}; "
            f"{_FETCH_AGAIN}, or set source.sha256 to null to take it as it is"
        )


def check_unchanged(files: Files, uri: str, *, sha256: str) -> None:
    """Raise InputError if the archive was replaced since the job began."""
    if files.sha256(uri) != sha256:
        raise InputError(f"{uri}: it was replaced while it was read; run the job again")


def read_directory(files: Files, uri: str) -> dict[str, zipfile.ZipInfo]:
    """Return the archive's members by their full name, without folders.

    Reads only the directory at the archive's end. Raises InputError if the file is missing, is
    not a complete zip, or has what a MovieLens archive never has: names that lead out of it,
    duplicate names, encryption, compression other than deflate, extreme expansion.
    """
    _check_exists(files, uri)
    try:
        with files.open(uri) as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError) as error:
        raise InputError(
            f"{uri}: not a zip, or one that was cut off or damaged ({error}); {_FETCH_AGAIN}"
        ) from None
    for member in members:
        fault = _member_fault(member)
        if fault is not None:
            raise InputError(f"{uri}: member {member.orig_filename!r}: {fault}")
    _check_all(uri, members)
    return {member.filename: member for member in members if not member.is_dir()}


def extract_member(
    files: Files, uri: str, *, member: zipfile.ZipInfo, target: str, header: str | None
) -> None:
    """Inflate a member to the file `target`, without its header line.

    Raises InputError if the content does not have the size and checksum in the directory, or does
    not begin with the header.
    """
    origin = f"{uri}: member {member.filename!r}"
    skip = _header_skipper(origin, header)
    fault = files.inflate_member(uri, member=member, target=target, skip=skip)
    if fault is not None:
        raise InputError(f"{origin}: {fault}; {_FETCH_AGAIN}")


def count_rows(files: Files, uri: str, *, member: zipfile.ZipInfo, header: str | None) -> int:
    """Read a member to its end and return its number of lines without the header.

    Raises InputError as `extract_member` does. A last line without a line end counts only from
    Java 16 on.
    """
    origin = f"{uri}: member {member.filename!r}"
    lines, fault = files.count_lines(uri, member=member, skip=_header_skipper(origin, header))
    if fault is not None:
        raise InputError(f"{origin}: {fault}; {_FETCH_AGAIN}")
    return lines


def _check_exists(files: Files, uri: str) -> None:
    if not files.exists(uri):
        raise missing_archive(uri)


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


def _header_skipper(origin: str, header: str | None) -> Callable[[bytes], int]:
    """Return a function from a member's first bytes to the length of its header."""

    def skip(first: bytes) -> int:
        if header is None:
            return 0
        line, end = re.match(rb"([^\r\n]*)(\r\n?|\n)?", first).groups(b"")  # type: ignore[union-attr]
        if line != header.encode():
            raise InputError(
                f"{origin}: {_describe_first_line(line, first)}, not {header!r}; "
                "use an archive of the layout in source.layout"
            )
        return len(line) + len(end)

    return skip


def _describe_first_line(line: bytes, first: bytes) -> str:
    if not first:
        return "it is empty"
    if first.startswith(_BOM):
        return "it begins with a byte order mark"
    text = line[:80].decode("utf-8", errors="backslashreplace")
    return f"its first line is {text!r}" + ("..." if len(line) > 80 else "")
