"""Somebody's own ratings, from a CSV file that they wrote or exported elsewhere."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from movierec.errors import InputError
from movierec_cli.titles import Titles

_MOVIE: Final = ("movieid", "movie_id")
_TITLE: Final = ("title", "name")
_STARS: Final = ("rating", "stars")
_YEAR: Final = "year"
_LOWEST, _HIGHEST = 0.5, 5.0


def read_ratings(path: str, titles: Titles, *, skip_unknown: bool = False) -> dict[int, float]:
    """Return the stars of each movie in a CSV file with a header.

    A line names its movie by a column movieId, or by title (or Name and Year), and has its stars in
    a column rating or stars. Lines without stars are left out. What a title is taken for is said if
    it is not certain. Raises InputError for the first line at fault; `skip_unknown` says that a
    movie is not found and goes on.
    """
    rated: dict[int, float] = {}
    for line, row in _rows(path):
        place = f"{path}, line {line}"
        stars = _stars(row, place)
        if stars is None:
            continue
        try:
            movie = _movie(row, titles, place)
        except InputError as error:
            if not skip_unknown:
                raise InputError(f"{error} (--skip-unknown leaves such lines out)") from None
            print(error, file=sys.stderr)
            continue
        if movie in rated:
            raise InputError(f"{place}: movie {movie} is rated a second time: keep one of the two")
        rated[movie] = stars
    if not rated:
        raise InputError(f"{path}: it holds no rating: write one a line, such as Toy Story,4.5")
    return rated


def _rows(path: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; write a CSV with title,rating") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}; save it as CSV in UTF-8") from None
    head = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(), delimiter=max(",;\t", key=head.count))
    names = {name.strip().casefold() for name in reader.fieldnames or ()}
    if not names & {*_STARS} or not names & {*_MOVIE, *_TITLE}:
        raise InputError(
            f"{path}: its first line must name a column movieId or title, and a column rating, not "
            f"{head.strip()!r}"
        )
    for row in reader:
        given = {str(key).strip().casefold(): value or "" for key, value in row.items() if key}
        yield reader.line_num, given


def _stars(row: Mapping[str, str], place: str) -> float | None:
    text = _first(row, _STARS).replace(",", ".")
    if not text:
        return None
    try:
        stars = float(text)
    except ValueError:
        stars = float("nan")
    if not _LOWEST <= stars <= _HIGHEST:
        raise InputError(f"{place}: stars go from {_LOWEST} to {_HIGHEST:g}, not {text!r}")
    return stars


def _movie(row: Mapping[str, str], titles: Titles, place: str) -> int:
    number, title = _first(row, _MOVIE), _first(row, _TITLE)
    try:
        if number:
            return titles.check(number)
        year = row.get(_YEAR, "").strip()
        movie, doubt = titles.find(f"{title} ({year})" if year else title)
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    if doubt:
        print(f"{place}: {doubt}", file=sys.stderr)
    return movie


def _first(row: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((row[name].strip() for name in names if row.get(name, "").strip()), "")
