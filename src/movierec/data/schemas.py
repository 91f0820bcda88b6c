"""The schema of every dataset, and the check that a frame has it."""

from __future__ import annotations

from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import types as t

from movierec.data import columns as c

INT, FLOAT, DOUBLE = t.IntegerType(), t.FloatType(), t.DoubleType()
TEXT, TIME, BYTES = t.StringType(), t.TimestampType(), t.BinaryType()
INTS, FLOATS, TEXTS = (t.ArrayType(one) for one in (INT, FLOAT, TEXT))


def _schema(columns: dict[str, t.DataType]) -> t.StructType:
    return t.StructType([t.StructField(name, kind) for name, kind in columns.items()])


RATINGS: Final = _schema({c.USER_ID: INT, c.MOVIE_ID: INT, c.RATING: FLOAT, c.RATED_AT: TIME})
MOVIES: Final = _schema({c.MOVIE_ID: INT, c.TITLE: TEXT, c.YEAR: INT, c.GENRES: TEXTS})
TAGS: Final = _schema({c.USER_ID: INT, c.MOVIE_ID: INT, c.TAG: TEXT, c.TAGGED_AT: TIME})
LINKS: Final = _schema({c.MOVIE_ID: INT, c.IMDB_ID: TEXT, c.TMDB_ID: INT})
GENOME_SCORES: Final = _schema({c.MOVIE_ID: INT, c.TAG_ID: INT, c.RELEVANCE: FLOAT})
GENOME_TAGS: Final = _schema({c.TAG_ID: INT, c.TAG: TEXT})
REJECTED: Final = _schema({c.MEMBER: TEXT, c.REASON: TEXT, c.LINE: TEXT})

USER_FACTORS: Final = _schema({c.USER_ID: INT, c.FACTORS: FLOATS})
MOVIE_FACTORS: Final = _schema({c.MOVIE_ID: INT, c.FACTORS: FLOATS})
RECOMMENDATIONS: Final = _schema({c.USER_ID: INT, c.MOVIE_ID: INT, c.SCORE: DOUBLE, c.RANK: INT})
DELIVERED: Final = _schema(
    {c.USER_ID: INT, c.MOVIE_ID: INT, c.RANK: INT, c.SCORE: DOUBLE, c.SOURCE: TEXT}
)
EASE_WEIGHTS: Final = _schema({c.MOVIE_ID: INT, c.WEIGHTS: FLOATS})
HITS: Final = _schema({c.USER_ID: INT, c.MOVIE_ID: INT, c.RANK: INT})
_METRICS: Final = dict.fromkeys(c.METRICS, DOUBLE)
USER_METRICS: Final = _schema({c.USER_ID: INT, c.N_RELEVANT: INT, c.N_HITS: INT, **_METRICS})
POPULARITY_TRIALS: Final = _schema(
    {c.KIND: TEXT, c.DAMPING: DOUBLE, c.HALF_LIFE: DOUBLE, **_METRICS}
)
TRIALS: Final = _schema(
    {
        c.TRIAL: INT,
        c.MODEL: TEXT,
        c.FEEDBACK: TEXT,
        c.FACTOR_RANK: INT,
        c.REG_PARAM: DOUBLE,
        c.ALPHA: DOUBLE,
        c.N_MOVIES: INT,
        c.USER_FRACTION: DOUBLE,
        **_METRICS,
        c.RMSE: DOUBLE,
        c.SECONDS: DOUBLE,
        c.FAULT: TEXT,
    }
)

SEGMENT_CENTRES: Final = _schema({c.SEGMENT: INT, c.FACTORS: FLOATS})
SEGMENT_MEMBERS: Final = _schema({c.USER_ID: INT, c.SEGMENT: INT, c.BASIS: TEXT})
SEGMENT_PROFILES: Final = _schema(
    {
        c.SEGMENT: INT,
        c.NAME: TEXT,
        c.N_USERS: INT,
        c.USER_SHARE: DOUBLE,
        c.N_CLUSTERED: INT,
        c.MEDIAN_RATINGS: DOUBLE,
        c.MEAN_RATING: DOUBLE,
        c.RATING_SHARE: DOUBLE,
        c.STABILITY: DOUBLE,
        c.TRUST: TEXT,
        c.LIKES_MORE: TEXTS,
        c.LIKES_LESS: TEXTS,
        c.TITLES: TEXTS,
    }
)
SEGMENT_TRAITS: Final = _schema(
    {
        c.SEGMENT: INT,
        c.KIND: TEXT,
        c.TRAIT: TEXT,
        **dict.fromkeys((c.SHARE, c.OTHERS_SHARE, c.LIFT, c.P_VALUE, c.HELD_OUT_LIFT), DOUBLE),
        c.HELD: t.BooleanType(),
    }
)
SEGMENT_MAP: Final = _schema({c.USER_ID: INT, c.SEGMENT: INT, c.X: DOUBLE, c.Y: DOUBLE})

MOVIE_SETS: Final = _schema(
    {c.SET_ID: INT, c.MOVIES: INTS, c.SIZE: INT, c.USERS: INTS, c.N_USERS: INT, c.SKETCH: BYTES}
)
_USERS: Final = {c.USER_A: INT, c.USER_B: INT}
_CORRELATIONS: Final = {c.CORRELATION: DOUBLE, c.SPEARMAN: DOUBLE}
TWINS: Final = _schema(
    {
        c.RANK: INT,
        **_USERS,
        c.JACCARD: DOUBLE,
        c.COMMON: INT,
        c.UNION: INT,
        **_CORRELATIONS,
        c.EQUAL_RATINGS: DOUBLE,
        c.DUPLICATE: t.BooleanType(),
        c.TITLES: TEXTS,
    }
)
RANDOM_PAIRS: Final = _schema({**_USERS, c.COMMON: INT, **_CORRELATIONS})


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
