"""Checks of the archive: does it exist, is it the right one, is it complete, how many ratings."""

from __future__ import annotations

from movierec.config.schema import SourceConfig
from movierec.config.uris import how_to_provide, is_local
from movierec.doctor.check_result import CheckResult, result_of
from movierec.errors import InputError
from movierec.movielens import archive, layouts
from movierec.spark.files import Files


def check_absence(files: Files, uri: str, *, source: SourceConfig) -> CheckResult | None:
    """Return a result if the archive is missing, None if it exists."""
    if files.exists(uri):
        return None
    found = f"there is no {uri}"
    if source.generate is not None and is_local(uri):
        return CheckResult("archive", "ok", f"{found} yet: `make run` and `make data` generate it")
    return CheckResult("archive", "error", found, how_to_provide(uri))


def expected_ratings(source: SourceConfig) -> int | None:
    """Return the number of ratings that conf names, or generates; None if it does neither."""
    if source.expected_ratings is None and source.generate is not None:
        return source.generate.ratings
    return source.expected_ratings


def count_ratings(files: Files, uri: str, *, source: SourceConfig) -> tuple[str, int]:
    """Read the whole archive; return its layout and how many ratings it has.

    Every member that ingest reads is read to its end, as ingest does. Lines are counted, so bad
    rows are included. Raises InputError for an archive that ingest refuses.
    """
    with archive.open_archive(files, uri, sha256=source.sha256) as opened:
        located = layouts.locate(opened.members, wanted=source.layout, origin=uri)
        rows = {
            table: opened.count_rows(path, header=located.member(table).header)
            for table, path in located.paths.items()
        }
    ratings = rows[layouts.RATINGS]
    if not ratings:
        raise InputError(f"{uri}: it has no ratings; use another archive")
    return located.layout.name, ratings


def check_rating_count(ratings: int, *, expected: int | None) -> CheckResult:
    """Check that the archive has as many ratings as conf says, if it says so."""
    found = f"{ratings:,} ratings"
    if expected is None:
        return CheckResult("ratings", "ok", found)
    good = ratings == expected
    why = f", not the {expected:,} of source.expected_ratings: ingest would refuse them"
    fix = "fetch the archive again with `make data FORCE=1`, or set source.expected_ratings to null"
    return result_of("ratings", good=good, found=found, fix=fix, otherwise="error", why=why)
