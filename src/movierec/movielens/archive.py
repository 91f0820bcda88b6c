"""The zipped source: what its directory promises is checked before a member is inflated."""

from __future__ import annotations

import re
import struct
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import Final

from movierec.config.uris import absent
from movierec.errors import InputError
from movierec.spark.files import Files

MAX_RATIO: Final = 200
"""Times that a member may grow. Deflate's bound is 1032; MovieLens text grows 3 to 10 times."""
SMALL_MEMBER: Final = 1 << 20
"""Bytes up to which a member may grow at any ratio."""
MAX_TOTAL: Final = 64 << 30
"""Bytes that all members may inflate to: about fifty times ml-latest."""

_ENCRYPTED = 0x1
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_AGAIN = "fetch it again with `make data FORCE=1`"
_BOM = b"\xef\xbb\xbf"


def check_sha256(files: Files, uri: str, *, expected: str | None) -> None:
    """Raise InputError where the archive's checksum is not the one that conf gives, if any."""
    _check_exists(files, uri)
    if expected is None:
        return
    actual = files.sha256(uri)
    if actual != expected.lower():
        raise InputError(
            f"{uri}: its sha256 is {actual}, not source.sha256 {expected}; "
            f"{_AGAIN}, or set source.sha256 to null to take it as it is"
        )


def check_unchanged(files: Files, uri: str, *, sha256: str) -> None:
    """Raise InputError where the archive is not the one that was there when the job began."""
    if files.sha256(uri) != sha256:
        raise InputError(f"{uri}: it was replaced while it was read; run the job again")


def read_directory(files: Files, uri: str) -> dict[str, zipfile.ZipInfo]:
    """Return the archive's members by their full name, without folders.

    Only the directory at the archive's end is read. Raises InputError for what is no whole zip
    and for one that nobody would make of MovieLens: names that lead out of it, encryption,
    names that stand twice, compression other than deflate, absurd expansion.
    """
    _check_exists(files, uri)
    try:
        with files.open(uri) as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError) as error:
        raise InputError(
            f"{uri}: not a zip, or one that was cut off or damaged ({error}); {_AGAIN}"
        ) from None
    for member in members:
        fault = _fault(member)
        if fault is not None:
            raise InputError(f"{uri}: member {member.orig_filename!r}: {fault}")
    _check_together(uri, members)
    return {member.filename: member for member in members if not member.is_dir()}


def stage_member(
    files: Files, uri: str, *, member: zipfile.ZipInfo, target: str, header: str | None
) -> None:
    """Inflate a member to the file `target`, less its header line.

    Raises InputError where the content does not have the size and checksum that the directory
    promises, or does not begin with the header.
    """
    origin = f"{uri}: member {member.filename!r}"
    skip = _header_skipper(origin, header)
    fault = files.inflate_member(uri, member=member, target=target, skip=skip)
    if fault is not None:
        raise InputError(f"{origin}: {fault}; {_AGAIN}")


def count_rows(files: Files, uri: str, *, member: zipfile.ZipInfo, header: str | None) -> int:
    """Read a member to its end and return its lines less its header.

    Raises InputError as `stage_member` does. A last line without an end counts from Java 16 on.
    """
    origin = f"{uri}: member {member.filename!r}"
    lines, fault = files.count_lines(uri, member=member, skip=_header_skipper(origin, header))
    if fault is not None:
        raise InputError(f"{origin}: {fault}; {_AGAIN}")
    return lines


def _check_exists(files: Files, uri: str) -> None:
    if not files.exists(uri):
        raise absent(uri)


def _fault(member: zipfile.ZipInfo) -> str | None:
    """Say what is wrong with a member by itself."""
    # zipfile cuts `filename` at a null byte and mends its separators; this is as it is written.
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


def _check_together(uri: str, members: list[zipfile.ZipInfo]) -> None:
    """Raise InputError for what is wrong between members that are each right by themselves."""
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
    """Return what finds the length of the header in a member's first bytes."""

    def skip(first: bytes) -> int:
        if header is None:
            return 0
        line, end = re.match(rb"([^\r\n]*)(\r\n?|\n)?", first).groups(b"")  # type: ignore[union-attr]
        if line != header.encode():
            raise InputError(
                f"{origin}: {_first_line(line, first)}, not {header!r}; "
                "use an archive of the layout in source.layout"
            )
        return len(line) + len(end)

    return skip


def _first_line(line: bytes, first: bytes) -> str:
    if not first:
        return "it is empty"
    if first.startswith(_BOM):
        return "it begins with a byte order mark"
    text = line[:80].decode("utf-8", errors="backslashreplace")
    return f"its first line is {text!r}" + ("..." if len(line) > 80 else "")
