"""The schemas that readers of a workspace rely on, and the check that a frame has one.

Covers `movierec.data.columns`.
"""

import pytest
from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql import types as t

from movierec.data import schemas
from movierec.data.schemas import conform, ddl

PUBLISHED = {
    "RATINGS": "user_id int, movie_id int, rating float, rated_at timestamp",
    "MOVIES": "movie_id int, title string, year int, genres array<string>",
    "TAGS": "user_id int, movie_id int, tag string, tagged_at timestamp",
    "LINKS": "movie_id int, imdb_id string, tmdb_id int",
    "GENOME_SCORES": "movie_id int, tag_id int, relevance float",
    "GENOME_TAGS": "tag_id int, tag string",
    "REJECTED": "member string, reason string, line string",
    "RECOMMENDATIONS": "user_id int, movie_id int, score double, rank int",
    "USER_METRICS": (
        "user_id int, n_relevant int, n_hits int, precision double, map double, ndcg double, "
        "recall double"
    ),
    "USER_FACTORS": "user_id int, factors array<float>",
    "MOVIE_FACTORS": "movie_id int, factors array<float>",
}
SCORES = t.StructType().add("movie_id", t.IntegerType()).add("score", t.DoubleType())


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_dataset_keeps_its_columns(name):
    assert ddl(getattr(schemas, name)) == PUBLISHED[name]


def test_the_order_of_columns_and_whether_one_may_be_null_are_not_compared(spark):
    null = F.lit(None).cast("double")
    frame = spark.range(1).select(null.alias("score"), F.lit(1).alias("movie_id"))
    assert not frame.schema["movie_id"].nullable
    assert conform(frame, SCORES).columns == ["movie_id", "score"]
    assert conform(frame, SCORES).collect() == [Row(movie_id=1, score=None)]


@pytest.mark.parametrize(
    ("columns", "faults"),
    [
        ("Movie_ID int, score double", "movie_id is missing; Movie_ID is not in the schema"),
        (
            "score array<double>, rank int",
            "movie_id is missing; rank is not in the schema; score is array<double>, not double",
        ),
    ],
)
def test_every_fault_is_named_at_once(spark, columns, faults):
    with pytest.raises(ValueError, match="conform") as caught:
        conform(spark.createDataFrame([], columns), SCORES)
    assert str(caught.value) == f"the frame does not conform: {faults}"
