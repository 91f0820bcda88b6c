"""The properties of movies by which segments are described: genres, decades and tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.arrays import Ints, collect_arrays
from movierec.data.columns import GENRES, MOVIE_ID, MOVIES, RELEVANCE, TAG, TAG_ID, USER_ID, YEAR
from movierec.segments.traits import Traits

GENRE, DECADE, TAGGED, GENOME = "genre", "decade", "tag", "genome tag"
_FEWEST_TAGGERS: Final = 3
_FEWEST_MOVIES: Final = 5
_MOST_TAGS: Final = 500
_AT, _TAGGERS = "at", "taggers"


def collect_kinds(
    movie_ids: Ints,
    *,
    movies: DataFrame,
    tags: DataFrame | None,
    genome: tuple[DataFrame, DataFrame] | None,
) -> list[Traits]:
    """Return the properties of these movies, whose ids rise, kind by kind.

    A user's tag counts in small letters, if three users or more gave it and five or more of the
    movies have it; the 500 tags of most movies are taken. `genome` are its tags and its scores.
    """
    spark, n = movies.sparkSession, len(movie_ids)
    wanted = F.broadcast(
        spark.createDataFrame(
            [(int(movie), at) for at, movie in enumerate(movie_ids)], f"{MOVIE_ID} int, {_AT} int"
        )
    )
    placed = movies.join(wanted, on=MOVIE_ID, how="inner")
    genres = placed.select(_AT, F.explode(GENRES)).collect()
    years = placed.where(F.col(YEAR).isNotNull()).select(_AT, YEAR).collect()
    dated = [at for at, _ in years]
    decades = [(at, f"{year // 10 * 10}s") for at, year in years]
    kinds = [_of_pairs(GENRE, genres, n), _of_pairs(DECADE, decades, n, known=dated)]
    if tags is not None:
        kinds.append(_of_pairs(TAGGED, _frequent(tags, wanted).collect(), n))
    if genome is not None:
        kinds.append(_genome(wanted, *genome, n))
    return kinds


def _frequent(tags: DataFrame, wanted: DataFrame) -> DataFrame:
    """Return the place of each movie with a tag that counts, and the tag."""
    tag = F.lower(F.trim(TAG)).alias(TAG)
    tagged = tags.join(wanted, on=MOVIE_ID, how="inner").select(_AT, USER_ID, tag)
    frequent = (
        tagged.groupBy(TAG)
        .agg(F.countDistinct(USER_ID).alias(_TAGGERS), F.countDistinct(_AT).alias(MOVIES))
        .where((F.col(_TAGGERS) >= _FEWEST_TAGGERS) & (F.col(MOVIES) >= _FEWEST_MOVIES))
        .orderBy(F.desc(MOVIES), TAG)
        .limit(_MOST_TAGS)
    )
    return tagged.join(frequent, on=TAG, how="left_semi").select(_AT, TAG).distinct()


def _of_pairs(
    kind: str, pairs: Sequence[Any], n: int, *, known: Sequence[int] | None = None
) -> Traits:
    """Return the kind whose properties are the second of each pair, of the movie at the first."""
    names = sorted({name for _, name in pairs})
    at = {name: place for place, name in enumerate(names)}
    values = np.zeros((n, len(names)), np.float32)
    for movie, name in pairs:
        values[movie, at[name]] = 1
    knows = np.full(n, known is None)
    knows[[] if known is None else known] = True
    return Traits(kind, names, values, knows)


def _genome(wanted: DataFrame, tags: DataFrame, scores: DataFrame, n: int) -> Traits:
    names = {row[TAG_ID]: row[TAG] for row in tags.collect()}
    ids = np.array(sorted(names), np.int64)
    values = np.zeros((n, len(ids)), np.float32)
    known = np.zeros(n, np.bool_)
    if len(ids):
        own = scores.join(wanted, on=MOVIE_ID, how="inner")
        arrays = collect_arrays(own.select(_AT, TAG_ID, RELEVANCE))
        values[arrays[_AT], np.searchsorted(ids, arrays[TAG_ID])] = arrays[RELEVANCE]
        known[arrays[_AT]] = True
    return Traits(GENOME, [names[one] for one in ids.tolist()], values, known)
