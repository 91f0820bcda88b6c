"""Rows whose ids refer to no row, and rows with duplicate keys."""

import pytest
from chispa import assert_df_equality

from movierec.movielens.integrity import (
    TABLES,
    duplicate_keys,
    flag_duplicates,
    flag_unknown_ids,
    replace_duplicates,
)

USER = "user id is not a whole number from 0 to 2147483647"
MOVIE = "movie id is not a whole number from 0 to 2147483647"
HALF = "rating is not 0.5 to 5 in half steps"
TIME = "timestamp is not whole seconds from 1990 to 2100"


def with_reasons(spark, rows):
    schema = "user_id int, movie_id int, rating float, rated_at int, reason string, line string"
    return spark.createDataFrame(rows, schema)


def test_only_good_rows_with_unknown_movies_are_flagged(spark):
    movies = spark.createDataFrame([(1, "a"), (2, "b")], "movie_id int, title string")
    rows = [
        (1, 1, 4.0, 1, None, "good"),
        (1, 3, 4.0, 1, None, "unknown"),
        (1, 3, None, 1, HALF, "bad already"),
        (1, None, 4.0, 1, MOVIE, "no movie"),
    ]
    (reference,) = TABLES["ratings"].references
    flagged = flag_unknown_ids(with_reasons(spark, rows), known=movies, reference=reference)
    rows[1] = (1, 3, 4.0, 1, "movie id is not among the movies", "unknown")
    assert_df_equality(flagged, with_reasons(spark, rows), ignore_row_order=True)


DUPLICATE = "another row with the same user id and movie id is kept"


@pytest.mark.parametrize("partitions", [1, 5])
def test_of_duplicate_ratings_the_latest_then_the_highest_is_kept(spark, partitions):
    rows = [
        (1, 1, 3.0, 10, None, "earlier"),
        (1, 1, 2.0, 20, None, "latest, but lower"),
        (1, 1, 2.5, 20, None, "latest, higher"),
        (1, 1, 5.0, 30, HALF, "bad"),
        (1, 2, 1.0, 10, None, "b"),
        (1, 2, 1.0, 10, None, "a"),
        (2, 1, 1.0, 10, None, "once"),
        (3, 1, 1.0, 10, None, "good beside a bad one"),
        (3, 1, 1.0, 99, TIME, "a bad one"),
        (None, 1, 1.0, 10, USER, "null"),
        (None, 1, 1.0, 10, USER, "null"),
    ]
    table = TABLES["ratings"]
    ratings = with_reasons(spark, rows).repartition(partitions, "line")
    keys = ratings.transform(duplicate_keys, table=table)
    assert sorted(map(tuple, keys.collect())) == [(1, 1), (1, 2)]
    duplicates = ratings.transform(flag_duplicates, keys=keys, table=table)
    replaced = ratings.transform(replace_duplicates, keys=keys, duplicates=duplicates, table=table)
    for n in (0, 1, 4):
        rows[n] = (*rows[n][:4], DUPLICATE, rows[n][5])
    assert_df_equality(replaced, with_reasons(spark, rows), ignore_row_order=True)
