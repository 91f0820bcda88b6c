"""Whether the archive is there, the right one, and whole, and how much it holds."""

from __future__ import annotations

from movierec.config.schema import SourceConfig
from movierec.config.uris import how_to_bring, is_local
from movierec.doctor.check_result import Finding
from movierec.errors import InputError
from movierec.movielens import archive, layouts
from movierec.spark.files import Files

_UNTERMINATED = 1
"""A last line without an end, which some Javas count and others do not."""


def judge_absence(files: Files, uri: str, *, source: SourceConfig) -> Finding | None:
    """Return what it means that the archive is not there; None where it is."""
    if files.exists(uri):
        return None
    found = f"there is no {uri}"
    if source.generate is not None and is_local(uri):
        return Finding("archive", "ok", f"{found} yet: `make run` and `make data` generate it")
    return Finding("archive", "error", found, how_to_bring(uri))


def expected_ratings(source: SourceConfig) -> int | None:
    """Return how many ratings conf says there are, or generates."""
    if source.expected_ratings is None and source.generate is not None:
        return source.generate.ratings
    return source.expected_ratings


def count_ratings(files: Files, uri: str, *, source: SourceConfig) -> tuple[str, int]:
    """Read the archive to its end; return its layout and about how many ratings it has.

    Every member that ingest takes is inflated, its header, size and checksum compared. The number
    is of lines, so bad rows are in it. Raises InputError for an archive that ingest would refuse.
    """
    archive.check_sha256(files, uri, expected=source.sha256)
    directory = archive.read_directory(files, uri)
    located = layouts.locate(directory, wanted=source.layout, origin=uri)
    rows = {
        table: archive.count_rows(
            files, uri, member=directory[path], header=located.member(table).header
        )
        for table, path in located.paths.items()
    }
    ratings = rows[layouts.RATINGS]
    if not ratings:
        raise InputError(f"{uri}: no rating in it; use another archive")
    return located.layout.name, ratings


def judge_count(ratings: int, *, expected: int | None) -> Finding:
    """Return whether the archive has as many ratings as conf says, if it says so."""
    found = f"{ratings:,} ratings"
    if expected is None or abs(ratings - expected) <= _UNTERMINATED:
        return Finding("ratings", "ok", found)
    return Finding(
        "ratings",
        "error",
        f"{found}, not the {expected:,} of source.expected_ratings: ingest would refuse them",
        "fetch the archive again with `make data FORCE=1`, or set source.expected_ratings to null",
    )
