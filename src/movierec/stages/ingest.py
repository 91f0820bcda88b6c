"""Takes an archive table by table into the datasets of the ingest stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from zipfile import ZipInfo

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data import columns as c
from movierec.data import datasets, schemas
from movierec.errors import InputError
from movierec.movielens import archive, integrity, layouts
from movierec.movielens.integrity import TABLES, Table
from movierec.movielens.layouts import Located, Member
from movierec.movielens.parsing import VALUE, forget_good_lines, parse_lines
from movierec.pipeline.context import Context

_STAGING = "_staging"
_MOST_GENRES = 100
_SHOWN_LINE = 120


@dataclass(frozen=True, kw_only=True)
class Source:
    """An archive that has been checked as far as its directory goes."""

    uri: str
    located: Located
    members: dict[str, ZipInfo]
    """The members to ingest, by table, in the order of ingest."""


def open_source(context: Context) -> Source:
    """Return the archive of the config. Raises InputError for one that is not to be used."""
    source, files, uri = context.config.source, context.execution.files, context.execution.archive
    archive.check_sha256(files, uri, expected=source.sha256)
    directory = archive.read_directory(files, uri)
    located = layouts.locate(directory, wanted=source.layout, origin=uri)
    context.facts["layout"] = located.layout.name
    context.facts["archive_sha256"] = context.execution.archive_sha256
    context.facts["tables"] = {}
    members = {table: directory[path] for table, path in located.paths.items()}
    return Source(uri=uri, located=located, members=members)


@contextmanager
def staged(context: Context, source: Source) -> Iterator[str]:
    """Inflate the source's members to a directory that is there until the block ends."""
    files = context.execution.files
    folder = f"{context.draft.path}/{_STAGING}"
    try:
        with context.step("inflate"):
            for table, info in source.members.items():
                member = source.located.member(table)
                target = f"{folder}/{member.name}"
                archive.stage_member(
                    files, source.uri, member=info, target=target, header=member.header
                )
            archive.check_unchanged(files, source.uri, sha256=context.execution.archive_sha256)
        yield folder
    finally:
        files.delete(folder)


def run(context: Context) -> None:
    """Write every table of the archive, and the rows that were rejected."""
    source = open_source(context)
    with staged(context, source) as folder:
        ingestion = Ingestion(context, source, folder)
        for table in source.members:
            ingestion.ingest(table)
        ingestion.write_rejected()
    ingestion.describe()


class Ingestion:
    """The tables of one archive on their way into the result."""

    def __init__(self, context: Context, source: Source, folder: str) -> None:
        """Read the source's members from where they are staged, in `folder`."""
        self._context = context
        self._source = source
        self._folder = folder
        self._genre_names: tuple[str, ...] = ()
        self._written: dict[str, DataFrame] = {}
        self._rejected = [context.spark.createDataFrame([], schemas.REJECTED)]

    def ingest(self, name: str) -> None:
        """Write a table's good rows and keep its bad ones for `write_rejected`.

        Raises InputError for more bad rows than the config allows, for no rating at all, and
        for another number of ratings than the published one.
        """
        member = self._source.located.member(name)
        lines = self._context.spark.read.text(f"{self._folder}/{member.name}")
        with self._context.step(name):
            if name == layouts.GENRE_NAMES:
                self._genre_names = collect_genre_names(lines, origin=self._origin(member))
                return
            table = TABLES[name]
            rows = self._check(lines, member, table)
            n_bad = self._judge(rows, member)
            good = rows.transform(integrity.good_rows).select(*table.dataset.schema.names)
            self._written[name] = self._context.write(good, table.dataset)
            if n_bad:
                bad = rows.transform(integrity.bad_rows).select(c.REASON, c.LINE)
                self._rejected.append(bad.withColumn(c.MEMBER, F.lit(member.name)))

    def write_rejected(self) -> None:
        """Write the bad rows of all members, each with its reason and its line."""
        with self._context.step("rejected"):
            rejected = reduce(DataFrame.unionByName, self._rejected)
            self._context.write(rejected, datasets.REJECTED)

    def describe(self) -> None:
        """Add to the facts how many ratings, users and rated movies there are, and from when."""
        with self._context.step("describe"):
            ratings = self._written[layouts.RATINGS]
            (row,) = ratings.transform(summarize_ratings).collect()
            self._context.facts.update(row.asDict())

    def _check(self, lines: DataFrame, member: Member, table: Table) -> DataFrame:
        """Return the table's rows with their reasons, read back from where they are staged."""
        rows = parse_lines(
            lines,
            member=member,
            stars=self._source.located.layout.stars,
            genre_names=self._genre_names if member.flagged else (),
        )
        for reference in table.references:
            known = self._written[reference.table]
            rows = rows.transform(integrity.flag_unknown, known=known, reference=reference)
        # The text is parsed once. Only a repeated key makes it worth parsing again, as the good
        # rows' lines, which the rejected ones among them need, are not kept.
        parsed = self._stage(rows.transform(forget_good_lines), f"{table.name}-parsed")
        if not table.key:
            return parsed
        keys = parsed.transform(integrity.repeated_keys, table=table)
        if keys.isEmpty():
            return parsed
        keys = self._stage(keys, f"{table.name}-repeated-keys")
        repeats = self._stage(
            rows.transform(integrity.flag_repeats, keys=keys, table=table).transform(
                forget_good_lines
            ),
            f"{table.name}-repeats",
        )
        return parsed.transform(integrity.replace_repeats, keys=keys, repeats=repeats, table=table)

    def _stage(self, frame: DataFrame, name: str) -> DataFrame:
        path = f"{self._folder}/{name}"
        frame.write.mode("error").parquet(path)
        return frame.sparkSession.read.schema(frame.schema).parquet(path)

    def _judge(self, rows: DataFrame, member: Member) -> int:
        """Return how many rows are bad, after noting why and refusing what conf does not allow."""
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
        if bad > source.max_rejected_fraction * read:
            reason = next(iter(rejected))
            raise InputError(
                f"{origin}: {bad} of {read} rows are bad, a share of {bad / read:.3g} where "
                f"source.max_rejected_fraction is {source.max_rejected_fraction:g}; most often, "
                f"{rejected[reason]} times: {reason}, such as {_example(rows, reason)}; "
                "mend the archive or allow more"
            )
        if member.table == layouts.RATINGS and not good:
            raise InputError(f"{origin}: no good rating among its {read} rows; use another archive")
        if bad:
            reasons = ", ".join(f"{count} × {reason}" for reason, count in rejected.items())
            self._context.warn(f"{member.name}: {bad} of {read} rows rejected: {reasons}")
        return bad

    def _origin(self, member: Member) -> str:
        return f"{self._source.uri}: member {self._source.located.paths[member.table]!r}"


def check_count(read: int, *, expected: int | None, origin: str) -> None:
    """Raise InputError where there is an expected number of rows and this is another."""
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
    """Return the genres in the order of their flags, from lines such as `Action|1`, from 0 on.

    Raises InputError for any other line; empty ones are passed over.
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
    """Return the first of the lines with this reason, cut to what fits in a message."""
    ((line,),) = rows.where(F.col(c.REASON) == reason).agg(F.min(c.LINE)).collect()
    return repr(line[:_SHOWN_LINE]) + ("..." if len(line) > _SHOWN_LINE else "")
