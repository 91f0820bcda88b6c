"""The kernel against brute force, with difficult norms, ties and sizes.

Covers `movierec.ranking.catalogue`.
"""

from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.ranking import topk
from movierec.ranking.catalogue import Catalogue
from movierec.ranking.topk import Block, candidates_top_k, unseen_top_k
from tests.support import reference

# Few distinct values make ties; the extremes make norms that prune nothing or everything.
VALUES = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 3.0, 1e-4, 1e3])


@st.composite
def problems(draw):
    rank = draw(st.integers(1, 3))
    n_movies = draw(st.integers(1, 40))
    vectors = st.lists(VALUES, min_size=rank, max_size=rank)
    ids = draw(st.permutations(range(1, 3 * n_movies)))[:n_movies]
    movies = {movie: draw(vectors) for movie in ids}
    users = draw(st.lists(vectors, min_size=1, max_size=6))
    seen = [draw(st.sets(st.sampled_from(ids), max_size=n_movies)) for _ in users]
    return movies, users, seen, draw(st.integers(1, 50))


def block_of(catalogue, users, movies_of_users):
    pairs = [(row, movie) for row, movies in enumerate(movies_of_users) for movie in movies]
    ids = np.array([movie for _, movie in pairs], np.int32)
    positions, known = catalogue.locate(ids)
    assert known.all()
    rows = np.array([row for row, _ in pairs], np.int64)
    return Block(np.arange(len(users), dtype=np.int32), np.array(users), rows, positions)


def lists_by_user(lists, n_users):
    return [
        list(zip(lists.movie_ids[lists.rows == row], lists.scores[lists.rows == row], strict=True))
        for row in range(n_users)
    ]


@settings(max_examples=300, deadline=None)
@given(problems())
def test_lists_equal_brute_force_for_any_norms(problem):
    movies, users, seen, k = problem
    catalogue = Catalogue.of(list(movies), list(movies.values()), users=np.array(users)[: k % 3])
    made = lists_by_user(unseen_top_k(block_of(catalogue, users, seen), catalogue, k=k), len(users))
    for user, own_seen, own in zip(users, seen, made, strict=True):
        assert own == reference.unseen_top_k(user, movies, own_seen, k)


def brute_force(users, movies, k):
    scores = (users[:, None, :].astype(float) * movies.astype(float)).sum(axis=2)
    return np.argsort(-scores, axis=1, kind="stable")[:, :k].tolist()


def movies_found(users, movies, k):
    catalogue = Catalogue.of(np.arange(len(movies)), movies, users=users)
    lists = unseen_top_k(block_of(catalogue, users, [[]] * len(users)), catalogue, k=k)
    return [[movie for movie, _ in own] for own in lists_by_user(lists, len(users))]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 99), st.lists(st.integers(-300, 300), min_size=7, max_size=7))
def test_lists_equal_brute_force_for_doubles_of_any_size(seed, exponents):
    rng = np.random.default_rng(seed)
    users, movies = rng.normal(size=(6, 4)), rng.normal(size=(600, 4))
    expected = brute_force(users, movies, 9)
    # powers of two change no digit
    sizes = 2.0 ** np.round(np.log2(10) * np.array(exponents))
    assert movies_found(users * sizes[:6, None], movies * sizes[6], 9) == expected


@pytest.mark.parametrize("users_size", [1e-42, 1e-38, 1e-22, 1.0, 1e19, 3e37])
@pytest.mark.parametrize("movies_size", [1e-42, 1e-38, 1e-22, 1.0, 1e19, 3e37])
@pytest.mark.parametrize("largest", [1.0, 1e8])
def test_lists_equal_brute_force_for_singles_of_any_size(users_size, movies_size, largest):
    rng = np.random.default_rng(5)
    users, movies = rng.normal(size=(6, 4)) * users_size, rng.normal(size=(600, 4)) * movies_size
    movies[7] *= largest if movies_size < 1e20 else 1.0
    users, movies = users.astype(np.float32), movies.astype(np.float32)
    assert movies_found(users, movies, 9) == brute_force(users, movies, 9)


def test_one_very_long_movie_leaves_the_search_of_the_others_as_it_is():
    rng = np.random.default_rng(6)
    users, movies = rng.normal(size=(20, 8)), rng.normal(size=(3_000, 8))
    movies[5] *= 1e8
    catalogue = Catalogue.of(np.arange(3_000), movies, users=users)
    rows, _ = topk._above_bound(block_of(catalogue, users, [[]] * 20), catalogue, 10)
    assert len(rows) < 20 * 12


def test_a_score_beyond_double_precision_is_infinite_and_the_order_stays():
    catalogue = Catalogue.of([1, 2, 3], [[1e200], [2e200], [-1e200]])
    lists = unseen_top_k(block_of(catalogue, [[1e200], [1e-300]], [[], []]), catalogue, k=3)
    infinite, finite = lists_by_user(lists, 2)
    assert infinite == [(2, np.inf), (1, np.inf), (3, -np.inf)]
    assert finite == [(2, 2e200 * 1e-300), (1, 1e200 * 1e-300), (3, -1e200 * 1e-300)]


@pytest.mark.parametrize("spread", [0.0, 1e-9])
def test_movies_that_tie_at_the_cut_are_not_all_held(monkeypatch, spread):
    rng = np.random.default_rng(4)
    movies = np.array([1.0, 2.0, 3.0]) * (1 + spread * rng.normal(size=(9_000, 1)))
    users = rng.normal(size=(20, 3))
    catalogue = Catalogue.of(np.arange(9_000), movies)
    seen = [list(rng.choice(30, 5, replace=False)) for _ in users]
    block = block_of(catalogue, users, seen)
    monkeypatch.setattr(topk, "_MAX_FOUND", 2_000)
    monkeypatch.setattr(topk, "_MAX_PRODUCT", 20 * 64)
    best = Mock(wraps=topk._best)
    monkeypatch.setattr(topk, "_best", best)
    assert lists_by_user(unseen_top_k(block, catalogue, k=8), 20) == [
        reference.unseen_top_k(user, dict(enumerate(movies)), set(own), 8)
        for user, own in zip(users, seen, strict=True)
    ]
    assert max(len(call.args[1]) for call in best.call_args_list) < 2_000 + 20 * 64


@pytest.mark.parametrize("first_chunk", [1, 7, 4096])
def test_lists_do_not_depend_on_the_width_of_the_chunks(monkeypatch, first_chunk):
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(700, 8)) * rng.pareto(1.0, size=(700, 1))
    catalogue = Catalogue.of(np.arange(700), factors)
    seen = [rng.choice(700, 30, replace=False) for _ in range(20)]
    block = block_of(catalogue, rng.normal(size=(20, 8)), seen)
    expected = unseen_top_k(block, catalogue, k=10)
    monkeypatch.setattr(topk, "FIRST_CHUNK", first_chunk)
    for made, wanted in zip(unseen_top_k(block, catalogue, k=10), expected, strict=True):
        np.testing.assert_array_equal(made, wanted)


def test_scores_of_a_user_do_not_depend_on_other_users_in_the_block():
    rng = np.random.default_rng(2)
    factors = rng.normal(size=(300, 32)).astype(np.float32)
    catalogue = Catalogue.of(np.arange(300), factors)
    users = rng.normal(size=(50, 32)).astype(np.float32)
    together = unseen_top_k(block_of(catalogue, users, [[]] * 50), catalogue, k=20)
    for row, user in enumerate(users):
        alone = unseen_top_k(block_of(catalogue, [user], [[]]), catalogue, k=20)
        assert (alone.movie_ids == together.movie_ids[together.rows == row]).all()
        assert (alone.scores == together.scores[together.rows == row]).all()


def test_scores_equal_in_single_precision_are_ranked_in_double_precision():
    one = 1.0 + 2.0**-30
    catalogue = Catalogue.of([5, 6, 7], [[1.0], [one], [1.0]])
    lists = unseen_top_k(block_of(catalogue, [[1.0]], [[]]), catalogue, k=2)
    assert lists_by_user(lists, 1) == [[(6, one), (5, 1.0)]]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kernel", [unseen_top_k, candidates_top_k])
def test_a_user_factor_that_is_not_finite_is_refused(kernel, bad):
    catalogue = Catalogue.of([5, 6], [[1.0], [2.0]])
    with pytest.raises(ValueError, match="a user factor is not finite"):
        kernel(block_of(catalogue, [[1.0], [bad]], [[5], [5]]), catalogue, k=1)


def test_ranks_start_at_one_and_ties_are_broken_by_the_smaller_movie_id():
    catalogue = Catalogue.of([30, 10, 20], [[1.0], [1.0], [2.0]])
    lists = unseen_top_k(block_of(catalogue, [[1.0], [-1.0]], [[], [10]]), catalogue, k=3)
    assert lists.rows.tolist() == [0, 0, 0, 1, 1]
    assert lists.movie_ids.tolist() == [20, 10, 30, 30, 20]
    assert lists.ranks.tolist() == [1, 2, 3, 1, 2]


@pytest.mark.parametrize("movies", [[], [1, 2]])
def test_a_user_who_has_seen_every_movie_or_has_none_to_see_has_no_list(movies):
    catalogue = Catalogue.of(movies, np.ones((len(movies), 1)))
    lists = unseen_top_k(block_of(catalogue, [[1.0]], [movies]), catalogue, k=3)
    assert len(lists.rows) == 0


def test_candidates_top_k_ranks_only_candidates():
    catalogue = Catalogue.of([1, 2, 3], [[3.0], [1.0], [2.0]])
    lists = candidates_top_k(block_of(catalogue, [[1.0], [1.0]], [[2, 3], []]), catalogue, k=5)
    assert lists_by_user(lists, 2) == [[(3, 2.0), (2, 1.0)], []]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_catalogue_of_a_factor_that_is_not_finite_is_refused(bad):
    with pytest.raises(ValueError, match="a movie factor is not finite"):
        Catalogue.of([1, 2], [[1.0], [bad]])
    with pytest.raises(ValueError, match="a user factor is not finite"):
        Catalogue.of([1, 2], [[1.0], [2.0]], users=[[bad]])
