"""The schema of every dataset, and the check that a frame has it."""

from __future__ import annotations

from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import types as t

from movierec.data import columns as c

RATINGS: Final = (
    t.StructType()
    .add(c.USER_ID, t.IntegerType())
    .add(c.MOVIE_ID, t.IntegerType())
    .add(c.RATING, t.FloatType())
    .add(c.RATED_AT, t.TimestampType())
)
MOVIES: Final = (
    t.StructType()
    .add(c.MOVIE_ID, t.IntegerType())
    .add(c.TITLE, t.StringType())
    .add(c.YEAR, t.IntegerType())
    .add(c.GENRES, t.ArrayType(t.StringType()))
)
TAGS: Final = (
    t.StructType()
    .add(c.USER_ID, t.IntegerType())
    .add(c.MOVIE_ID, t.IntegerType())
    .add(c.TAG, t.StringType())
    .add(c.TAGGED_AT, t.TimestampType())
)
LINKS: Final = (
    t.StructType()
    .add(c.MOVIE_ID, t.IntegerType())
    .add(c.IMDB_ID, t.StringType())
    .add(c.TMDB_ID, t.IntegerType())
)
GENOME_SCORES: Final = (
    t.StructType()
    .add(c.MOVIE_ID, t.IntegerType())
    .add(c.TAG_ID, t.IntegerType())
    .add(c.RELEVANCE, t.FloatType())
)
GENOME_TAGS: Final = t.StructType().add(c.TAG_ID, t.IntegerType()).add(c.TAG, t.StringType())
REJECTED: Final = (
    t.StructType()
    .add(c.MEMBER, t.StringType())
    .add(c.REASON, t.StringType())
    .add(c.LINE, t.StringType())
)
USER_FACTORS: Final = (
    t.StructType().add(c.USER_ID, t.IntegerType()).add(c.FACTORS, t.ArrayType(t.FloatType()))
)
MOVIE_FACTORS: Final = (
    t.StructType().add(c.MOVIE_ID, t.IntegerType()).add(c.FACTORS, t.ArrayType(t.FloatType()))
)
RECOMMENDATIONS: Final = (
    t.StructType()
    .add(c.USER_ID, t.IntegerType())
    .add(c.MOVIE_ID, t.IntegerType())
    .add(c.SCORE, t.DoubleType())
    .add(c.RANK, t.IntegerType())
)
HITS: Final = (
    t.StructType()
    .add(c.USER_ID, t.IntegerType())
    .add(c.MOVIE_ID, t.IntegerType())
    .add(c.RANK, t.IntegerType())
)
USER_METRICS: Final = (
    t.StructType()
    .add(c.USER_ID, t.IntegerType())
    .add(c.N_RELEVANT, t.IntegerType())
    .add(c.N_HITS, t.IntegerType())
    .add(c.PRECISION, t.DoubleType())
    .add(c.MAP, t.DoubleType())
    .add(c.NDCG, t.DoubleType())
    .add(c.RECALL, t.DoubleType())
)

POPULARITY_TRIALS: Final = (
    t.StructType()
    .add(c.KIND, t.StringType())
    .add(c.DAMPING, t.DoubleType())
    .add(c.PRECISION, t.DoubleType())
    .add(c.MAP, t.DoubleType())
    .add(c.NDCG, t.DoubleType())
    .add(c.RECALL, t.DoubleType())
)
TRIALS: Final = (
    t.StructType()
    .add(c.TRIAL, t.IntegerType())
    .add(c.FEEDBACK, t.StringType())
    .add(c.FACTOR_RANK, t.IntegerType())
    .add(c.REG_PARAM, t.DoubleType())
    .add(c.ALPHA, t.DoubleType())
    .add(c.USER_FRACTION, t.DoubleType())
    .add(c.PRECISION, t.DoubleType())
    .add(c.MAP, t.DoubleType())
    .add(c.NDCG, t.DoubleType())
    .add(c.RECALL, t.DoubleType())
    .add(c.RMSE, t.DoubleType())
    .add(c.SECONDS, t.DoubleType())
)
MOVIE_SETS: Final = (
    t.StructType()
    .add(c.SET_ID, t.IntegerType())
    .add(c.MOVIES, t.ArrayType(t.IntegerType()))
    .add(c.SIZE, t.IntegerType())
    .add(c.USERS, t.ArrayType(t.IntegerType()))
    .add(c.N_USERS, t.IntegerType())
    .add(c.SKETCH, t.BinaryType())
)
TWINS: Final = (
    t.StructType()
    .add(c.RANK, t.IntegerType())
    .add(c.USER_A, t.IntegerType())
    .add(c.USER_B, t.IntegerType())
    .add(c.JACCARD, t.DoubleType())
    .add(c.COMMON, t.IntegerType())
    .add(c.UNION, t.IntegerType())
    .add(c.CORRELATION, t.DoubleType())
    .add(c.SPEARMAN, t.DoubleType())
    .add(c.EQUAL_RATINGS, t.DoubleType())
    .add(c.DUPLICATE, t.BooleanType())
    .add(c.TITLES, t.ArrayType(t.StringType()))
)
RANDOM_PAIRS: Final = (
    t.StructType()
    .add(c.USER_A, t.IntegerType())
    .add(c.USER_B, t.IntegerType())
    .add(c.COMMON, t.IntegerType())
    .add(c.CORRELATION, t.DoubleType())
    .add(c.SPEARMAN, t.DoubleType())
)


def conform(frame: DataFrame, schema: t.StructType) -> DataFrame:
    """Select the schema's columns in its order.

    Raises ValueError naming every missing, unknown and wrongly typed column. Whether a column
    may hold nulls is not compared: neither CSV nor Parquet keeps it.
    """
    actual = {field.name: field.dataType.simpleString() for field in frame.schema}
    wanted = {field.name: field.dataType.simpleString() for field in schema}
    faults = [f"{name} is missing" for name in wanted if name not in actual]
    faults += [f"{name} is not in the schema" for name in actual if name not in wanted]
    faults += [
        f"{name} is {actual[name]}, not {kind}"
        for name, kind in wanted.items()
        if name in actual and actual[name] != kind
    ]
    if faults:
        raise ValueError(f"the frame does not conform: {'; '.join(faults)}")
    return frame.select(*wanted)


def ddl(schema: t.StructType) -> str:
    """Return the schema as the text that mapInArrow takes.

    >>> ddl(USER_FACTORS)
    'user_id int, factors array<float>'
    """
    return ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in schema)
