"""Ingest: the tables of an archive, parsed and checked, as datasets."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data import columns as c
from movierec.data import datasets, schemas
from movierec.errors import InputError
from movierec.movielens import archive, integrity, layouts
from movierec.movielens.integrity import TABLES, Table
from movierec.movielens.layouts import LocatedLayout, Member
from movierec.movielens.parsing import VALUE, keep_rejected_lines, parse_lines
from movierec.pipeline.context import Context

_STAGING = "_staging"
_MOST_GENRES = 100
_SHOWN_LINE = 120


def extract(context: Context, folder: str) -> LocatedLayout:
    """Write the members to ingest to the folder, without their header lines; return the layout.

    Raises InputError if the archive cannot be used.
    """
    execution, source = context.execution, context.config.source
    files, uri = execution.files, execution.archive
    recoded: set[str] = set()
    with context.step("inflate"), archive.open_archive(files, uri, sha256=source.sha256) as opened:
        located = layouts.locate(opened.members, wanted=source.layout, origin=uri)
        for table, path in located.paths.items():
            member = located.member(table)
            decoding = Decoding()
            with files.create(f"{folder}/{member.name}") as file:
                file.writelines(decoding.watch(opened.read_rows(path, header=member.header)))
            if decoding.is_utf8:
                recoded.add(table)
        opened.check_unchanged(execution.archive_sha256)
    return replace(located, recoded=frozenset(recoded))


class Decoding:
    """Finds out whether bytes are UTF-8, as they pass."""

    def __init__(self) -> None:
        self.is_utf8 = True
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def watch(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the blocks."""
        for block in blocks:
            self._decode(block)
            yield block
        self._decode(b"", final=True)

    def _decode(self, block: bytes, *, final: bool = False) -> None:
        if self.is_utf8:
            try:
                self._decoder.decode(block, final)
            except UnicodeDecodeError:
                self.is_utf8 = False


def run(context: Context) -> None:
    """Write every table of the archive, and the rejected rows."""
    folder = f"{context.attempt.path}/{_STAGING}"
    try:
        located = extract(context, folder)
        context.facts["layout"] = located.layout.name
        context.facts["archive_sha256"] = context.execution.archive_sha256
        context.facts["tables"] = {}
        ingestion = Ingestion(context, located, folder)
        for table in located.paths:
            ingestion.ingest(table)
        ingestion.write_rejected()
    finally:
        context.execution.files.delete(folder)
    ingestion.record_counts()


class Ingestion:
    """The ingestion of one archive, table by table."""

    def __init__(self, context: Context, located: LocatedLayout, folder: str) -> None:
        """Read the layout's members from `folder`, where they are extracted."""
        self._context = context
        self._located = located
        self._folder = folder
        self._genre_names: tuple[str, ...] = ()
        self._written: dict[str, DataFrame] = {}
        self._rejected = [context.spark.createDataFrame([], schemas.REJECTED)]

    def ingest(self, name: str) -> None:
        """Write a table's good rows and keep its rejected ones for `write_rejected`.

        Raises InputError if more rows are rejected than the config allows, no rating is good, or
        the number of ratings is not the published one.
        """
        member = self._located.member(name)
        lines = self._context.spark.read.text(f"{self._folder}/{member.name}")
        with self._context.step(name):
            if name == layouts.GENRE_NAMES:
                self._genre_names = collect_genre_names(lines, origin=self._origin(member))
                return
            table = TABLES[name]
            rows = self._parse(lines, member, table)
            n_bad = self._check_rejected(rows, member)
            good = rows.transform(integrity.good_rows).select(*table.dataset.schema.names)
            self._written[name] = self._context.write(good, table.dataset)
            if n_bad:
                bad = rows.transform(integrity.bad_rows).select(c.REASON, c.LINE)
                self._rejected.append(bad.withColumn(c.MEMBER, F.lit(member.name)))

    def write_rejected(self) -> None:
        """Write the rejected rows of all members, each with its reason and its line."""
        with self._context.step("rejected"):
            rejected = reduce(DataFrame.unionByName, self._rejected)
            self._context.write(rejected, datasets.REJECTED)

    def record_counts(self) -> None:
        """Add to the facts the numbers of ratings, users and rated movies, and their time span."""
        with self._context.step("describe"):
            ratings = self._written[layouts.RATINGS]
            (row,) = ratings.transform(summarize_ratings).collect()
            self._context.facts.update(row.asDict())

    def _parse(self, lines: DataFrame, member: Member, table: Table) -> DataFrame:
        """Return the table's rows with their reasons, read back from temporary files."""
        rows = parse_lines(
            lines,
            member=member,
            scale=self._located.layout.scale,
            genre_names=self._genre_names if member.flagged else (),
        )
        for reference in table.references:
            known = self._written[reference.table]
            rows = rows.transform(integrity.flag_unknown_ids, known=known, reference=reference)
        # The text is parsed once, without keeping the lines of good rows. Only duplicate keys need
        # these lines, for the rows that they reject, so only these parse the text a second time.
        parsed = self._materialize(rows.transform(keep_rejected_lines), f"{table.name}-parsed")
        if not table.key:
            return parsed
        keys = parsed.transform(integrity.duplicate_keys, table=table)
        if keys.isEmpty():
            return parsed
        keys = self._materialize(keys, f"{table.name}-duplicate-keys")
        flagged = rows.transform(integrity.flag_duplicates, keys=keys, table=table)
        duplicates = self._materialize(
            flagged.transform(keep_rejected_lines), f"{table.name}-duplicates"
        )
        return parsed.transform(
            integrity.replace_duplicates, keys=keys, duplicates=duplicates, table=table
        )

    def _materialize(self, frame: DataFrame, name: str) -> DataFrame:
        path = f"{self._folder}/{name}"
        frame.write.mode("error").parquet(path)
        return frame.sparkSession.read.schema(frame.schema).parquet(path)

    def _check_rejected(self, rows: DataFrame, member: Member) -> int:
        """Return the number of rejected rows; record the reasons.

        Raises InputError if conf allows fewer; of an optional table any may be rejected.
        """
        counts = {row[c.REASON]: row["count"] for row in rows.groupBy(c.REASON).count().collect()}
        good = counts.pop(None, 0)
        rejected = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
        bad = sum(rejected.values())
        read = good + bad
        self._context.facts["tables"][member.table] = {
            "member": member.name,
            "read": read,
            "rejected": rejected,
        }
        source, origin = self._context.config.source, self._origin(member)
        if member.table == layouts.RATINGS:
            check_count(read, expected=source.expected_ratings, origin=origin)
        if bad > source.max_rejected_fraction * read and not member.optional:
            reason = next(iter(rejected))
            raise InputError(
                f"{origin}: {bad} of {read} rows are bad, a share of {bad / read:.3g} where "
                f"source.max_rejected_fraction is {source.max_rejected_fraction:g}; most often, "
                f"{rejected[reason]} times: {reason}, such as {_example(rows, reason)}; "
                "repair the archive or allow more"
            )
        if member.table == layouts.RATINGS and not good:
            raise InputError(f"{origin}: no good rating among its {read} rows; use another archive")
        if bad:
            reasons = ", ".join(f"{count} × {reason}" for reason, count in rejected.items())
            self._context.warn(f"{member.name}: {bad} of {read} rows rejected: {reasons}")
        return bad

    def _origin(self, member: Member) -> str:
        return f"{self._context.execution.archive}: member {self._located.paths[member.table]!r}"


def check_count(read: int, *, expected: int | None, origin: str) -> None:
    """Raise InputError if a number of rows is expected and `read` is another."""
    if expected is not None and read != expected:
        raise InputError(
            f"{origin}: it has {read} rows, not source.expected_ratings {expected}; "
            "fetch the archive again with `make data FORCE=1`, or set the key to null"
        )


def summarize_ratings(ratings: DataFrame) -> DataFrame:
    """Return one row: the numbers of ratings, users and rated movies, first and last time."""
    pattern = "yyyy-MM-dd'T'HH:mm:ss'Z'"
    return ratings.agg(
        F.count(F.lit(1)).alias("ratings"),
        F.count_distinct(c.USER_ID).alias("users"),
        F.count_distinct(c.MOVIE_ID).alias("movies_rated"),
        F.date_format(F.min(c.RATED_AT), pattern).alias("first_rated_at"),
        F.date_format(F.max(c.RATED_AT), pattern).alias("last_rated_at"),
    )


def collect_genre_names(lines: DataFrame, *, origin: str) -> tuple[str, ...]:
    """Return the genres in the order of their flags, from lines such as `Action|1`, from 0 up.

    Skips empty lines. Raises InputError for any other line.
    """
    texts = [row[VALUE] for row in lines.where(F.col(VALUE) != "").limit(_MOST_GENRES).collect()]
    names = []
    for number, text in enumerate(texts):
        name, _, index = text.rpartition("|")
        if not name or index != str(number):
            raise InputError(
                f"{origin}: its line {text[:_SHOWN_LINE]!r} should be a genre, a bar and {number}; "
                "fetch the archive again with `make data FORCE=1`"
            )
        names.append(name)
    if not names:
        raise InputError(
            f"{origin}: it names no genre; fetch the archive again with `make data FORCE=1`"
        )
    return tuple(names)


def _example(rows: DataFrame, reason: str) -> str:
    """Return the first of the lines with this reason, cut to _SHOWN_LINE characters."""
    ((line,),) = rows.where(F.col(c.REASON) == reason).agg(F.min(c.LINE)).collect()
    return repr(line[:_SHOWN_LINE]) + ("..." if len(line) > _SHOWN_LINE else "")
