"""What the ingest stage checks besides rows; tests/jobs/test_ingest.py runs the whole stage."""

import pytest
from pyspark.sql import functions as F

from movierec.errors import InputError
from movierec.stages.ingest import collect_genre_names, summarize_ratings


def test_the_summary_of_ratings(spark):
    ratings = spark.createDataFrame(
        [(1, 1, 4.0, 964982703), (1, 2, 4.0, 828124615), (2, 2, 4.0, 1537799250)],
        "user_id int, movie_id int, rating float, rated_at long",
    ).withColumn("rated_at", F.timestamp_seconds("rated_at"))
    (row,) = summarize_ratings(ratings).collect()
    assert row.asDict() == {
        "ratings": 3,
        "users": 2,
        "movies_rated": 2,
        "first_rated_at": "1996-03-29T18:36:55Z",
        "last_rated_at": "2018-09-24T14:27:30Z",
    }


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["Action|1"], "its line 'Action|1' should be a genre, a bar and 0"),
        (["Action|0", "Drama|2"], "its line 'Drama|2' should be a genre, a bar and 1"),
        (["|0"], "its line '|0' should be a genre, a bar and 0"),
        (["Action"], "its line 'Action' should be a genre, a bar and 0"),
        ([""], "it names no genre"),
    ],
)
def test_invalid_genre_names(spark, lines, fault):
    frame = spark.createDataFrame([(line,) for line in lines], "value string")
    with pytest.raises(InputError) as raised:
        collect_genre_names(frame, origin="x")
    assert str(raised.value) == f"x: {fault}; fetch the archive again with `make data FORCE=1`"


def test_genre_names_in_the_order_of_the_flags(spark):
    frame = spark.createDataFrame([("unknown|0",), ("Film-Noir|1",), ("",)], "value string")
    assert collect_genre_names(frame, origin="x") == ("unknown", "Film-Noir")
