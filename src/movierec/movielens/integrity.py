"""What must hold between rows: ids that refer to rows that are there, keys that stand once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from movierec.data import columns as c
from movierec.data import datasets
from movierec.data.datasets import Dataset
from movierec.movielens import layouts

_KNOWN = "_known"
_PLACE = "_place"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A column whose ids must stand in another table."""

    column: str
    table: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a table's rows owe to each other and to other tables."""

    dataset: Dataset
    references: tuple[Reference, ...] = ()
    key: tuple[str, ...] = ()
    """Columns that no two rows share; of rows that do, the first stays."""
    highest_first: tuple[str, ...] = ()
    """The columns whose highest values make a row the first. Ties: lowest `title`, `line`."""

    @property
    def name(self) -> str:
        """The name of the dataset."""
        return self.dataset.path


_MOVIE = Reference(
    column=c.MOVIE_ID, table=layouts.MOVIES, reason="movie id is not among the movies"
)
_TAG = Reference(
    column=c.TAG_ID, table=layouts.GENOME_TAGS, reason="tag id is not among the genome's tags"
)
_TABLES = (
    Table(dataset=datasets.MOVIES, key=(c.MOVIE_ID,)),
    Table(
        dataset=datasets.RATINGS,
        references=(_MOVIE,),
        key=(c.USER_ID, c.MOVIE_ID),
        highest_first=(c.RATED_AT, c.RATING),
    ),
    Table(dataset=datasets.TAGS, references=(_MOVIE,)),
    Table(dataset=datasets.LINKS, references=(_MOVIE,), key=(c.MOVIE_ID,)),
    Table(dataset=datasets.GENOME_TAGS, key=(c.TAG_ID,)),
    Table(
        dataset=datasets.GENOME_SCORES,
        references=(_MOVIE, _TAG),
        key=(c.MOVIE_ID, c.TAG_ID),
    ),
)
TABLES: Final = {table.name: table for table in _TABLES}
"""The datasets of ingest by name."""


def good_rows(rows: DataFrame) -> DataFrame:
    """Keep the rows that nothing is wrong with."""
    return rows.where(F.col(c.REASON).isNull())


def bad_rows(rows: DataFrame) -> DataFrame:
    """Keep the rows that something is wrong with."""
    return rows.where(F.col(c.REASON).isNotNull())


def flag_unknown(rows: DataFrame, *, known: DataFrame, reference: Reference) -> DataFrame:
    """Give good rows whose id is not in `known`, where each id stands once, their reason."""
    ids = known.select(reference.column, F.lit(True).alias(_KNOWN))
    unknown = F.col(c.REASON).isNull() & F.col(_KNOWN).isNull()
    reason = F.when(unknown, reference.reason).otherwise(F.col(c.REASON))
    # Movies and tags are thousands where ratings are millions: no shuffle of the rows.
    joined = rows.join(F.broadcast(ids), on=reference.column, how="left")
    return joined.withColumn(c.REASON, reason).select(*rows.columns)


def repeated_keys(rows: DataFrame, *, table: Table) -> DataFrame:
    """Return the keys that more than one good row has, once each."""
    groups = rows.transform(good_rows).groupBy(*table.key).agg(F.count(F.lit(1)).alias(_PLACE))
    return groups.where(F.col(_PLACE) > 1).select(*table.key)


def flag_repeats(rows: DataFrame, *, keys: DataFrame, table: Table) -> DataFrame:
    """Return the good rows with a key among `keys`, all but the first of each with a reason.

    Of ratings the latest comes first, then the highest; of movies the first by title. What ties
    is decided by the line, so that the same row stays at any partitioning.
    """
    lowest_first = [name for name in (c.TITLE, c.LINE) if name in rows.columns]
    first_of_key = Window.partitionBy(*table.key).orderBy(
        *[F.desc(name) for name in table.highest_first], *[F.asc(name) for name in lowest_first]
    )
    names = " and ".join(name.replace("_", " ") for name in table.key)
    reason = F.when(F.col(_PLACE) > 1, f"another row with the same {names} is kept")
    return (
        rows.transform(good_rows)
        .join(keys, on=list(table.key), how="left_semi")
        .withColumn(_PLACE, F.row_number().over(first_of_key))
        .withColumn(c.REASON, reason)
        .select(*rows.columns)
    )


def replace_repeats(
    rows: DataFrame, *, keys: DataFrame, repeats: DataFrame, table: Table
) -> DataFrame:
    """Return the rows with those good ones whose key is among `keys` replaced by `repeats`."""
    once = rows.transform(good_rows).join(keys, on=list(table.key), how="left_anti")
    return once.select(*rows.columns).unionByName(rows.transform(bad_rows)).unionByName(repeats)
