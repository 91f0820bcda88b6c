"""Who gets a list of the delivered model, and who the popularity list."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import FACTORS, N_RATINGS, USER_ID
from movierec.data.counts import count_ratings_by


def known_users(user_factors: DataFrame, *, ratings: DataFrame, min_ratings: int) -> DataFrame:
    """Keep the factors of users whom the model can tell apart: the others get the popularity list.

    They have `min_ratings` ratings or more, and a factor that is not 0. All factors of a user who
    likes nothing are 0 under implicit feedback: every movie would score 0, and the list be the
    lowest movie ids.

    >>> factors = spark.createDataFrame([(1, [0.5, 0.0]), (2, [0.0, 0.0]), (3, [0.5, 0.5])],
    ...     "user_id int, factors array<float>")
    >>> ratings = spark.createDataFrame([(1, 7), (1, 8), (2, 7), (2, 8), (3, 7)],
    ...     "user_id int, movie_id int")
    >>> known_users(factors, ratings=ratings, min_ratings=2).show()
    +-------+----------+
    |user_id|   factors|
    +-------+----------+
    |      1|[0.5, 0.0]|
    +-------+----------+
    """
    known = user_factors.where(F.exists(FACTORS, lambda factor: factor != 0))
    return known.transform(active_users, ratings=ratings, min_ratings=min_ratings)


def active_users(users: DataFrame, *, ratings: DataFrame, min_ratings: int) -> DataFrame:
    """Keep the rows of users with `min_ratings` ratings or more."""
    counts = count_ratings_by(ratings, key=USER_ID)
    return users.join(counts.where(F.col(N_RATINGS) >= min_ratings), USER_ID, "left_semi")
