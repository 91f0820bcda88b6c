"""EASE against its definition in dense numpy, fitted and listed by Spark.

Covers `movierec.models.ease_fit` and `movierec.models.ease_lists`.
"""

import numpy as np
import pytest

from movierec.errors import SingularFitError
from movierec.models import ease_fit
from movierec.models.ease import Ease, EaseParams, ease_values, solve_weights
from movierec.models.ease_lists import (
    rated_movies,
    read_ease,
    recommend_by_ease,
    share,
    users_with_list,
    weights_frame,
)
from movierec.ranking.recommend import movie_lists

N_USERS, N_MOVIES, K = 60, 40, 8
PARAMS = EaseParams(feedback="soft", reg_param=2.0, movies=25)


@pytest.fixture(scope="module")
def stars():
    """Users × movies, 0 without a rating. Row 0 likes nothing; columns 35 and 36 are equal.

    The most rated movies have high ids.
    """
    rng = np.random.default_rng(1)
    popular = rng.random((N_USERS, N_MOVIES)) < np.linspace(0.1, 0.7, N_MOVIES)
    table = np.where(popular, rng.integers(1, 11, (N_USERS, N_MOVIES)) / 2, 0.0)
    table[0, table[0] > 0] = 1.5
    table[:, 36] = table[:, 35]
    return table


@pytest.fixture(scope="module")
def ratings(spark, stars):
    rows = [
        (int(u) + 1, 10 * int(m), float(stars[u, m])) for u, m in zip(*stars.nonzero(), strict=True)
    ]
    return spark.createDataFrame(rows, "user_id int, movie_id int, rating float").persist()


def values_of(stars, feedback):
    return np.where(stars > 0, ease_values(stars, feedback=feedback, relevant_rating=4.0), 0.0)


def dense_ease(values, reg_param):
    """Steck's formula, as it is printed."""
    inverse = np.linalg.inv(values.T @ values + reg_param * np.eye(values.shape[1]))
    return np.eye(len(inverse)) - inverse @ np.diag(1 / np.diag(inverse))


def most_rated(stars, n):
    return np.sort(np.lexsort((np.arange(N_MOVIES), -(stars > 0).sum(axis=0)))[:n])


@pytest.mark.parametrize("feedback", ["soft", "liked", "rating"])
@pytest.mark.parametrize("movies", [25, 1000])
def test_the_weights_are_those_of_the_definition(ratings, stars, feedback, movies):
    params = EaseParams(feedback=feedback, reg_param=2.0, movies=movies)
    ease = ease_fit.fit_ease(ratings, params=params, relevant_rating=4.0)
    kept = most_rated(stars, movies)
    assert ease.movie_ids.tolist() == (10 * kept).tolist()
    wanted = dense_ease(values_of(stars, feedback)[:, kept], 2.0)
    assert np.abs(ease.weights - wanted).max() < 1e-6
    assert not ease.weights.diagonal().any()


def test_of_movies_with_equal_counts_the_lowest_ids_are_taken(spark):
    rows = [(user, movie, 4.0) for user in (1, 2) for movie in (9, 5, 7, 3)] + [(3, 9, 4.0)]
    few = spark.createDataFrame(rows, "user_id int, movie_id int, rating float")
    assert ease_fit.collect_by_popularity(few).tolist() == [9, 3, 5, 7]
    params = EaseParams(feedback="soft", reg_param=2.0, movies=2)
    ease = ease_fit.fit_ease(few, params=params, relevant_rating=4.0)
    assert (ease.movie_ids.tolist(), ease.outside.tolist()) == ([3, 9], [5, 7])


def test_parts_and_partitions_do_not_change_the_weights(ratings, stars, monkeypatch):
    how = {"params": PARAMS, "relevant_rating": 4.0}
    whole = ease_fit.fit_ease(ratings, **how).weights
    assert (ease_fit.fit_ease(ratings.repartition(7), **how).weights == whole).all()
    with monkeypatch.context() as patched:
        patched.setattr(ease_fit, "_NUMBERS_AT_ONCE", 10 * PARAMS.movies)
        assert (ease_fit.fit_ease(ratings, **how).weights == whole).all()
    monkeypatch.setattr(ease_fit, "_RATINGS_AT_ONCE", ratings.count() // 3)
    assert np.abs(ease_fit.fit_ease(ratings, **how).weights - whole).max() < 1e-6


def test_a_large_matrix_is_solved_in_blocks_of_rows():
    rng = np.random.default_rng(2)
    values = rng.random((700, 1100)) * (rng.random((700, 1100)) < 0.1)
    gram = values.T @ values
    found = solve_weights(np.triu(gram), reg_param=5.0)
    assert np.abs(found - dense_ease(values, 5.0)).max() < 1e-6


def test_what_has_no_solution_is_refused(ratings):
    """Movies 35 and 36 have equal ratings: nothing but regularisation tells them apart."""
    params = EaseParams(feedback="rating", reg_param=0.0, movies=25)
    with pytest.raises(SingularFitError, match="EASE with reg_param=0 has no solution: raise its"):
        ease_fit.fit_ease(ratings, params=params, relevant_rating=4.0)


# --- lists ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ease(ratings):
    return ease_fit.fit_ease(ratings, params=PARAMS, relevant_rating=4.0)


def lists_of(frame):
    lists = {}
    for row in frame.orderBy("user_id", "rank").collect():
        lists.setdefault(row.user_id, []).append((row.movie_id, row.rank, row.score))
    return lists


def check(lists, ease, stars, open_):
    """Lists must be the K best of the open movies [users, movies] by scores in double precision.

    Behind them come those that the model does not know. Returns how many of these were listed.
    """
    kept, n_outside = ease.movie_ids // 10, 0
    others = [one for one in np.argsort(-(stars > 0).sum(axis=0), kind="stable") if one not in kept]
    scores = values_of(stars, ease.params.feedback)[:, kept] @ ease.weights.astype(np.float64)
    for user in range(N_USERS):
        ranked = np.lexsort((kept, -scores[user]))
        inside = [at for at in ranked if open_[user, kept[at]]][:K]
        outside = [10 * one for one in others if open_[user, one]][: K - len(inside)]
        found = lists.get(user + 1, [])
        assert [movie for movie, *_ in found] == [*ease.movie_ids[inside], *outside]
        assert [rank for _, rank, _ in found] == [*range(1, len(found) + 1)]
        given = [score for *_, score in found]
        assert given[: len(inside)] == pytest.approx(scores[user, inside].tolist(), abs=1e-5)
        assert given[len(inside) :] == [None] * len(outside)
        n_outside += len(outside)
    return n_outside


@pytest.fixture
def listed_by(spark, ratings):
    """Makes the lists of a model for the users of `ratings`."""

    def made(ease, *, listed=None, rated=ratings, **options):
        shared = share(spark, ease, relevant_rating=4.0, listed=listed)
        return lists_of(recommend_by_ease(rated_movies(rated), shared=shared, k=K, **options))

    return made


def test_a_list_holds_the_best_unseen_movies(listed_by, ratings, stars, ease):
    lists = listed_by(ease)
    assert check(lists, ease, stars, stars == 0) > 0
    assert listed_by(ease, rated=ratings.repartition(7)) == lists


def test_equal_scores_are_listed_by_movie_id(listed_by, stars):
    """All weights are equal, so all unseen movies of a user have the same score."""
    ids = np.arange(0, 10 * N_MOVIES, 10, dtype=np.int32)
    ones = np.ones((N_MOVIES, N_MOVIES), np.float32)
    lists = listed_by(Ease(ids, ones, PARAMS, outside=np.empty(0, np.int32)))
    for user, found in lists.items():
        assert [movie for movie, *_ in found] == ids[stars[user - 1] == 0][:K].tolist()


@pytest.mark.parametrize("ranked", ["unseen", "candidates"])
def test_only_listed_movies_are_listed(spark, listed_by, ratings, stars, ease, ranked):
    few = range(0, 10 * N_MOVIES, 30 if ranked == "unseen" else 60)
    listed = spark.createDataFrame([(one,) for one in few], "movie_id int")
    open_ = np.isin(10 * np.arange(N_MOVIES), few) & ((stars == 0) | (ranked == "candidates"))
    options = {}
    if ranked == "candidates":
        every = ratings.select("user_id").distinct().crossJoin(ratings.select("movie_id"))
        options["candidates"] = movie_lists(every.distinct())
    assert check(listed_by(ease, listed=listed, **options), ease, stars, open_) > 0


def test_only_candidates_are_ranked_and_only_wanted_movies_kept(spark, listed_by, stars, ease):
    """Of odd users every fifth movie is a candidate, rated or not; even ones have none."""
    pairs = [(user, 10 * m) for user in range(1, N_USERS + 1, 2) for m in range(0, N_MOVIES, 5)]
    candidates = movie_lists(spark.createDataFrame(pairs, "user_id int, movie_id int"))
    lists = listed_by(ease, candidates=candidates)
    odd = np.arange(1, N_USERS + 1) % 2 == 1
    open_ = odd[:, None] & (np.arange(N_MOVIES) % 5 == 0)
    assert check(lists, ease, stars, open_) > 0
    wanted = [(1, 0), (1, 350), (3, 50)]
    some = movie_lists(spark.createDataFrame(wanted, "user_id int, movie_id int"))
    kept = [(user, *one) for user in lists for one in lists[user] if (user, one[0]) in wanted]
    found = listed_by(ease, candidates=candidates, keep_only=some)
    assert [(user, *one) for user in found for one in found[user]] == kept != []


@pytest.mark.parametrize("feedback", ["soft", "liked"])
def test_who_has_a_list(spark, listed_by, ratings, feedback):
    """User 1 likes nothing; nobody knows what user 99 rated."""
    more = spark.createDataFrame([(99, 9999, 5.0)], ratings.schema).unionByName(ratings)
    params = EaseParams(feedback=feedback, reg_param=2.0, movies=25)
    ease = ease_fit.fit_ease(ratings, params=params, relevant_rating=4.0)
    found = listed_by(ease, rated=more)
    users = users_with_list(more, ease=ease, relevant_rating=4.0)
    assert {row.user_id for row in users.collect()} == {*found}
    assert (1 in found) == (feedback == "soft")
    assert 99 not in found


def test_a_model_is_read_as_it_was_written(spark, ease, tmp_path):
    path = str(tmp_path / "weights")
    weights_frame(spark, share(spark, ease, relevant_rating=4.0)).write.parquet(path)
    read = read_ease(spark.read.parquet(path), PARAMS)
    assert (read.movie_ids == ease.movie_ids).all()
    assert (read.weights == ease.weights).all()
