"""Which titles of a pair are shown: movies that both like first, then rare ones."""

from movierec.twins.analysis import collect_shared_titles
from movierec.twins.correlation import collect_common_ratings

MOVIES = [(1, "One"), (2, "Two"), (3, "Three"), (4, "Four"), (5, None)]


def titles(spark, rows, pairs):
    ratings = spark.createDataFrame(rows, "user_id int, movie_id int, rating float")
    movies = spark.createDataFrame(MOVIES, "movie_id int, title string")
    common = collect_common_ratings(ratings, pairs=pairs)
    return collect_shared_titles(common, ratings=ratings, movies=movies, liked_rating=4.0)


def test_movies_that_both_like_come_first_then_rare_ones_then_by_id(spark):
    rows = [(user, movie, 4.5) for user in (1, 2) for movie in (1, 2, 3)]
    rows += [(1, 4, 3.5), (2, 4, 5.0), (3, 1, 1.0), (4, 1, 1.0), (3, 2, 5.0), (3, 3, 5.0)]
    assert titles(spark, rows, [(1, 2)]) == [["Two", "Three", "One"]]


def test_disliked_movies_come_last_and_unknown_ones_have_a_number(spark):
    rows = [(1, 4, 3.5), (2, 4, 5.0), (1, 5, 4.0), (2, 5, 4.0), (3, 3, 5.0)]
    # a pair without common movies has no titles
    assert titles(spark, rows, [(1, 2), (1, 3)]) == [["movie 5", "Four"], []]
