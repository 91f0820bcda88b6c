"""Movie sets: distinct, ordered by rarity, with the users who share them."""

from movierec.twins.movie_sets import Population, collect_population, movie_sets, rarity_ranks
from tests.support.movie_lists import rated

MOVIES = {4: {1, 2, 3}, 2: {1, 2, 3}, 7: {1, 2, 3}, 5: {1, 9}, 6: {9, 1}, 8: {3, 9, 2, 1}, 9: {1}}


def rows_by_id(frame):
    return {row["set_id"]: row for row in frame.collect()}


def test_users_with_equal_sets_are_one_row_with_the_smallest_id(spark):
    found = rows_by_id(movie_sets(rated(spark, MOVIES), min_movies=2, keep_users=10))
    shown = {own: (row["users"], row["n_users"], row["size"]) for own, row in found.items()}
    assert shown == {2: ([2, 4, 7], 3, 3), 5: ([5, 6], 2, 2), 8: ([8], 1, 4)}


def test_movies_are_ranked_from_the_rarest_ties_by_id(spark):
    # ratings: movie 9 has 3, movies 2 and 3 have 4 each, movie 1 has 7
    ranks = {row["movie_id"]: row["rarity"] for row in rarity_ranks(rated(spark, MOVIES)).collect()}
    assert ranks == {9: 0, 2: 1, 3: 2, 1: 3}
    found = rows_by_id(movie_sets(rated(spark, MOVIES), min_movies=1, keep_users=1))
    assert found[8]["movies"] == [0, 1, 2, 3]
    assert found[5]["movies"] == [0, 3]
    assert found[9]["movies"] == [3]


def test_the_population_counts_users_sets_and_pairs_that_tie_at_one(spark):
    sets = movie_sets(rated(spark, MOVIES), min_movies=2, keep_users=1)
    # three users make three pairs, two make one
    assert collect_population(sets) == Population(
        users=6, sets=3, users_sharing_a_set=5, identical_pairs=4
    )
    none = movie_sets(rated(spark, MOVIES), min_movies=5, keep_users=1)
    assert collect_population(none) == Population(0, 0, 0, 0)
