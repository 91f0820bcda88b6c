"""Integrity between rows: ids refer to existing rows, keys are unique."""

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


@dataclass(frozen=True)
class Reference:
    """A column whose ids must be in another table."""

    column: str
    table: str
    reason: str


@dataclass(frozen=True)
class Table:
    """The integrity rules of a table: foreign keys and a unique key."""

    dataset: Dataset
    references: tuple[Reference, ...] = ()
    key: tuple[str, ...] = ()
    """The unique key; of rows with equal keys the first is kept."""
    highest_first: tuple[str, ...] = ()
    """Rows with the highest values in these columns come first. Ties: lowest `title`, `line`."""

    @property
    def name(self) -> str:
        """The name of the dataset."""
        return self.dataset.path


_MOVIE = Reference(c.MOVIE_ID, layouts.MOVIES, "movie id is not among the movies")
_TAG = Reference(c.TAG_ID, layouts.GENOME_TAGS, "tag id is not among the genome's tags")
_TABLES = (
    Table(datasets.MOVIES, key=(c.MOVIE_ID,)),
    Table(datasets.RATINGS, (_MOVIE,), (c.USER_ID, c.MOVIE_ID), (c.RATED_AT, c.RATING)),
    Table(datasets.TAGS, (_MOVIE,)),
    Table(datasets.LINKS, (_MOVIE,), (c.MOVIE_ID,)),
    Table(datasets.GENOME_TAGS, key=(c.TAG_ID,)),
    Table(datasets.GENOME_SCORES, (_MOVIE, _TAG), (c.MOVIE_ID, c.TAG_ID)),
)
TABLES: Final = {table.name: table for table in _TABLES}
"""The datasets of ingest by name."""


def good_rows(rows: DataFrame) -> DataFrame:
    """Keep the rows without a reason for rejection."""
    return rows.where(F.col(c.REASON).isNull())


def bad_rows(rows: DataFrame) -> DataFrame:
    """Keep the rows with a reason for rejection."""
    return rows.where(F.col(c.REASON).isNotNull())


def flag_unknown_ids(rows: DataFrame, *, known: DataFrame, reference: Reference) -> DataFrame:
    """Set the reason of good rows whose id is not in `known`, whose ids are unique."""
    ids = known.select(reference.column, F.lit(True).alias(_KNOWN))
    unknown = F.col(c.REASON).isNull() & F.col(_KNOWN).isNull()
    reason = F.when(unknown, reference.reason).otherwise(F.col(c.REASON))
    # Movies and tags are thousands, ratings millions: a broadcast avoids their shuffle.
    joined = rows.join(F.broadcast(ids), on=reference.column, how="left")
    return joined.withColumn(c.REASON, reason).select(*rows.columns)


def duplicate_keys(rows: DataFrame, *, table: Table) -> DataFrame:
    """Return each key that more than one good row has."""
    groups = rows.transform(good_rows).groupBy(*table.key).agg(F.count(F.lit(1)).alias(_PLACE))
    return groups.where(F.col(_PLACE) > 1).select(*table.key)


def flag_duplicates(rows: DataFrame, *, keys: DataFrame, table: Table) -> DataFrame:
    """Return the good rows with a key in `keys`, all but the first of each with a reason.

    Of ratings the latest comes first, then the highest; of movies the first by title. Ties are
    broken by the line, so that the same row is kept under any partitioning.
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


def replace_duplicates(
    rows: DataFrame, *, keys: DataFrame, duplicates: DataFrame, table: Table
) -> DataFrame:
    """Return the rows, with the good ones whose key is in `keys` replaced by `duplicates`."""
    once = rows.transform(good_rows).join(keys, on=list(table.key), how="left_anti")
    return once.select(*rows.columns).unionByName(rows.transform(bad_rows)).unionByName(duplicates)
