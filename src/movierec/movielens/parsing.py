"""Parse the lines of a member into typed rows, each with the reason for its rejection, if any."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from movierec.data import columns as c
from movierec.movielens.layouts import UTF_8, Member, RatingScale

VALUE: Final = "value"
"""The only column of spark.read.text."""

_COMPLETE = "_complete"
_FIELDS = "_fields"
_FLAGS = "_flags"
_NO_GENRES = "(no genres listed)"
# A title ends in (1995), of a series in (1995-1998) or (1995–), then optional blanks.
_YEAR = r"\((1[89][0-9]{2}|20[0-9]{2})\s*([-–]\s*([0-9]{4})?\s*)?\)\s*\z"
_DATE = "yyyy-MM-dd HH:mm:ss"
_EARLIEST, _LATEST = 631_152_000, 4_102_444_800
"""Unix times of the start of 1990, before MovieLens existed, and of 2100."""


@dataclass(frozen=True)
class _Cell:
    """A typed value, whether its text was valid, and the reason for rejection if it was not."""

    value: Column
    good: Column
    reason: str


def parse_lines(
    lines: DataFrame, *, member: Member, scale: RatingScale, genre_names: tuple[str, ...] = ()
) -> DataFrame:
    """Return the member's typed columns, `reason` and `line`, for every line that is not empty.

    `lines` has one string column `value` with the bytes of the file. `reason` is null for a good
    row, else its first fault: a short text without values, so that equal faults count as one. An
    invalid cell is null. A member with titles also gets their `year`, null if the title ends in
    none. `genre_names` are the names of a flagged member's flags.
    """
    fields = (
        lines.transform(_decode, encoding=member.encoding)
        .where(F.col(c.LINE) != "")
        .transform(_split, member=member, n_flags=len(genre_names))
    )
    cells = {
        name: cell
        for name in member.columns
        if (cell := _cell(name, scale=scale, dated=member.dated)) is not None
    }
    if member.flagged:
        cells[c.GENRES] = _flagged_genres(genre_names)
    reason = F.when(~F.col(_COMPLETE), f"not {len(member.columns) + len(genre_names)} fields")
    if member.quoted:
        # Spark's parser would take a null for an escape, and an unclosed last field for closed.
        reason = reason.when(F.instr(c.LINE, "\0") > 0, "a null character")
        n_quotes = F.length(c.LINE) - F.length(F.translate(c.LINE, '"', ""))
        reason = reason.when(n_quotes % 2 == 1, "a quote is not closed")
    if member.encoding == UTF_8 and {c.TITLE, c.TAG} & cells.keys():
        reason = reason.when(_valid_utf8(c.LINE) != F.col(c.LINE), "not UTF-8")
    for cell in cells.values():
        reason = reason.when(~F.coalesce(cell.good, F.lit(False)), cell.reason)
    values = {name: F.when(cell.good, cell.value) for name, cell in cells.items()}
    if c.TITLE in values:
        values[c.YEAR] = F.nullif(F.regexp_extract(c.TITLE, _YEAR, 1), F.lit("")).cast("int")
    typed = [value.alias(name) for name, value in values.items()]
    return fields.select(*typed, reason.alias(c.REASON), c.LINE)


def keep_rejected_lines(rows: DataFrame) -> DataFrame:
    """Set `line` to null in good rows, and to valid UTF-8 in rejected ones."""
    rejected = F.col(c.REASON).isNotNull()
    return rows.withColumn(c.LINE, F.when(rejected, _valid_utf8(c.LINE)))


def _decode(lines: DataFrame, *, encoding: str) -> DataFrame:
    """Decode the lines into the column `line`; Spark itself assumes UTF-8."""
    text = F.col(VALUE)
    if encoding != UTF_8:
        text = F.decode(text.cast("binary"), encoding)
    return lines.select(text.alias(c.LINE))


def _valid_utf8(name: str) -> Column:
    """Return the text with U+FFFD in place of bytes that are not UTF-8, by a round trip in Java.

    Spark keeps such bytes, and Spark 3.5 and 4.1 differ in how they decode UTF-8 with them.
    """
    return F.decode(F.encode(F.col(name), "UTF-16BE"), "UTF-16BE")


def _split(lines: DataFrame, *, member: Member, n_flags: int) -> DataFrame:
    """Return `line`, its fields under the member's names, and whether their number is correct."""
    if member.quoted:
        schema = ", ".join(f"{name} string" for name in (*member.columns, _COMPLETE))
        # Spark puts a line with too few or too many fields into this column.
        options = {"columnNameOfCorruptRecord": _COMPLETE, "quote": '"', "escape": '"'}
        fields = lines.withColumn(_FIELDS, F.from_csv(c.LINE, schema, options))
        complete = F.col(_FIELDS)[_COMPLETE].isNull()
        named = [F.col(_FIELDS)[name].alias(name) for name in member.columns]
    else:
        pattern = re.escape(member.delimiter)
        fields = lines.withColumn(_FIELDS, F.split(c.LINE, pattern, -1))
        complete = F.size(_FIELDS) == len(member.columns) + n_flags
        named = [F.get(_FIELDS, n).alias(name) for n, name in enumerate(member.columns)]
    if member.flagged:
        named.append(F.slice(_FIELDS, len(member.columns) + 1, n_flags).alias(_FLAGS))
    return fields.select(c.LINE, complete.alias(_COMPLETE), *named)


def _cell(name: str, *, scale: RatingScale, dated: bool) -> _Cell | None:
    """Return how the column is parsed, None for an unused one."""
    text = F.col(name)
    label = name.replace("_", " ")
    if name in (c.USER_ID, c.MOVIE_ID, c.TAG_ID):
        return _id(name, f"{label} is not a whole number from 0 to 2147483647")
    if name == c.RATING:
        with_zeros = F.substring(text, 1, 3).isin(*scale.texts) & text.rlike(r"^.\..0+\z")
        good = text.isin(*scale.texts) | with_zeros
        return _Cell(F.expr(f"try_cast({name} as float)"), good, scale.reason)
    if name in (c.RATED_AT, c.TAGGED_AT) and dated:
        time = F.try_to_timestamp(text, F.lit(_DATE))
        good = F.unix_timestamp(time).between(_EARLIEST, _LATEST)
        return _Cell(time, good, "timestamp is not a date from 1990 to 2100")
    if name in (c.RATED_AT, c.TAGGED_AT):
        seconds = F.expr(f"try_cast({name} as bigint)")
        good = seconds.between(_EARLIEST, _LATEST) & (seconds.cast("string") == text)
        reason = "timestamp is not whole seconds from 1990 to 2100"
        return _Cell(F.timestamp_seconds(seconds), good, reason)
    if name in (c.TITLE, c.TAG):
        return _Cell(text, F.trim(text) != "", f"{label} is empty")
    if name == c.GENRES:
        names, none = F.split(text, r"\|", -1), F.array().cast("array<string>")
        value = F.when(text == _NO_GENRES, none).otherwise(names)
        reason = "genres are empty or hold an empty name"
        return _Cell(value, ~F.array_contains(names, ""), reason)
    if name == c.IMDB_ID:
        return _Cell(text, text.rlike(r"^[0-9]{1,10}\z"), "imdb id is not all digits")
    if name == c.TMDB_ID:
        given = _id(name, "tmdb id is neither empty nor a whole number from 0 to 2147483647")
        return _Cell(F.when(given.good, given.value), (text == "") | given.good, given.reason)
    if name == c.RELEVANCE:
        value = F.expr(f"try_cast({name} as double)")
        good = text.rlike(r"^[0-9](\.[0-9]{1,30})?([eE]-[0-9]{1,3})?\z") & value.between(0, 1)
        return _Cell(value.cast("float"), good, "relevance is not 0 to 1")
    return None


def _id(name: str, reason: str) -> _Cell:
    # A number that prints as its text has no sign, blanks or letters; half the cost of a regex.
    value = F.expr(f"try_cast({name} as int)")
    return _Cell(value, (value >= 0) & (value.cast("string") == F.col(name)), reason)


def _flagged_genres(genre_names: tuple[str, ...]) -> _Cell:
    flags = F.col(_FLAGS)
    held = [F.when(F.get(flags, n) == "1", name) for n, name in enumerate(genre_names)]
    good = F.forall(flags, lambda flag: flag.isin("0", "1"))
    return _Cell(F.array_compact(F.array(*held)), good, "a genre flag is neither 0 nor 1")
