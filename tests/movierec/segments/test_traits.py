"""What segments like more, and the names that it gives them, against counting by hand."""

import numpy as np
import pytest

from movierec.segments.traits import (
    Likes,
    Trait,
    Traits,
    accepted_p_value,
    find_traits,
    segment_names,
)

N_USERS, N_MOVIES = 120, 60
LABELS = np.repeat(np.array([0, 1, -1], np.int16), [60, 40, 20])
# a third of the movies each; the last 12 movies are of no known decade
GENRES = ["Drama", "Sci-Fi", "Western"]
OF_GENRE = np.arange(N_MOVIES) % 3
KIND = Traits(
    "genre", GENRES, (OF_GENRE[:, None] == np.arange(3)).astype(np.float32), np.ones(N_MOVIES, bool)
)


def likes_of(chances, seed=1, per_user=12):
    """Likes in which the users of a segment have these chances of each genre."""
    rng = np.random.default_rng(seed)
    user, movie = [], []
    for one in range(N_USERS):
        weights = np.array(chances[LABELS[one]])[OF_GENRE]
        drawn = rng.choice(N_MOVIES, per_user, replace=False, p=weights / weights.sum())
        user += [one] * per_user
        movie += sorted(drawn)
    return Likes(N_USERS, np.array(user), np.array(movie))


EQUAL = {0: [1, 1, 1], 1: [1, 1, 1], -1: [1, 1, 1]}
UNEQUAL = EQUAL | {1: [1, 8, 1]}


def traits_of(likes, heldout, *kinds, **changes):
    options = {"n_segments": 2, "false_discoveries": 0.01, "min_lift": 1.2} | changes
    return find_traits(LABELS, kinds or (KIND,), likes=likes, heldout=heldout, **options)


def test_a_trait_is_a_share_that_differs_from_that_of_all_others():
    likes = likes_of(UNEQUAL)
    found = traits_of(likes, likes_of(UNEQUAL, seed=2))
    assert {(one.name, one.lift > 1) for one in found if one.segment == 1} == {
        ("Sci-Fi", True),
        ("Western", False),
    }
    (liked,) = (one for one in found if (one.segment, one.name) == (1, "Sci-Fi"))
    is_scifi = OF_GENRE[likes.movie] == 1
    prior = (is_scifi.sum() + 0.5) / (len(is_scifi) + 1)
    mine = LABELS[likes.user] == 1
    assert liked.share == pytest.approx((is_scifi[mine].sum() + 50 * prior) / (mine.sum() + 50))
    rest = ~mine
    assert liked.others_share == pytest.approx(
        (is_scifi[rest].sum() + 50 * prior) / (rest.sum() + 50)
    )
    assert all(one.held for one in found)


def test_users_without_a_segment_are_among_the_others():
    found = traits_of(likes_of(EQUAL | {-1: [1, 40, 1], 1: [1, 4, 1]}), likes_of(EQUAL))
    others = [one.others_share for one in found if (one.segment, one.name) == (0, "Sci-Fi")]
    assert others[0] > 0.6


def test_chance_makes_no_trait():
    found = [
        one
        for seed in range(20)
        for one in traits_of(likes_of(EQUAL, seed=seed), likes_of(EQUAL), min_lift=1.0)
    ]
    assert len(found) <= 2


def test_what_one_popular_movie_does_is_no_trait():
    """Every user of segment 1 likes movie 1, the only one of its tag that they like."""
    likes = likes_of(EQUAL)
    movies = likes.movie.reshape(N_USERS, -1)
    fans = movies[LABELS == 1]
    fans[fans <= 2] = 3
    fans[:, 0] = 1
    movies[LABELS == 1] = fans
    likes = Likes(N_USERS, likes.user, movies.ravel())
    values = np.isin(np.arange(N_MOVIES), [1, 2]).astype(np.float32)[:, None]
    tag = Traits("tag", ["one movie"], values, np.ones(N_MOVIES, bool))
    assert traits_of(likes, likes, tag) == []


def test_likes_of_movies_without_known_properties_do_not_count():
    known = np.arange(N_MOVIES) < 30
    kind = Traits("genome tag", GENRES, KIND.values * known[:, None] * 0.5, known)
    found = traits_of(likes_of(UNEQUAL), likes_of(UNEQUAL, seed=2), kind)
    (liked,) = (one for one in found if (one.segment, one.name) == (1, "Sci-Fi"))
    assert 0.3 < liked.share < 0.45, "half of the share of Sci-Fi among all movies"


def test_a_sign_that_turns_in_later_ratings_is_not_held():
    found = traits_of(likes_of(UNEQUAL), likes_of(EQUAL | {1: [8, 1, 8]}))
    assert {one.held for one in found if one.segment == 1} == {False}
    nothing = Likes(N_USERS, np.empty(0, int), np.empty(0, int))
    assert {one.held for one in traits_of(likes_of(UNEQUAL), nothing)} == {None}


def test_few_p_values_are_accepted_one_by_one_and_many_together():
    assert accepted_p_value(np.array([0.04, 0.9]), rate=0.05) == -1
    assert accepted_p_value(np.array([0.04, 0.03]), rate=0.05) == 0.04


def trait(segment, name, lift=2.0, kind="genre"):
    share = 0.1 * lift
    return Trait(segment=segment, kind=kind, name=name, share=share, others_share=0.1, p_value=0.0)


def test_names_are_the_surest_likes_of_several_kinds():
    decades = [trait(0, decade, kind="decade") for decade in ("1990s", "1980s", "1970s")]
    traits = [*decades, trait(0, "Drama"), trait(1, "Drama"), trait(1, "War", lift=0.4)]
    assert segment_names(traits, n_segments=3) == [
        "1990s, 1980s, Drama",
        "Drama, less War",
        "average taste",
    ]


def test_equal_names_are_told_apart():
    both = [trait(n, name) for n in (0, 1) for name in ("Drama", "War")]
    assert segment_names([*both, trait(1, "Noir", lift=0.5)], n_segments=2) == [
        "Drama, War",
        "Drama, War, less Noir",
    ]
    assert segment_names([], n_segments=2) == ["average taste", "average taste (2)"]
