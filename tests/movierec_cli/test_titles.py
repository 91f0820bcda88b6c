"""Titles as people write them."""

import pytest

from movierec.errors import InputError
from movierec_cli.titles import Titles

MOVIES = [
    (1, "Toy Story (1995)"),
    (29, "City of Lost Children, The (Cité des enfants perdus, La) (1995)"),
    (73, "Misérables, Les (1995)"),
    (1411, "Hamlet (1996)"),
    (1941, "Hamlet (1948)"),
    (2571, "Matrix, The (1999)"),
    (5971, "My Neighbor Totoro (Tonari no Totoro) (1988)"),
    (7, "M*A*S*H (a.k.a. MASH) (1970)"),
    (8, "(no genres listed)"),
    (9, "電影 (2001)"),
]


@pytest.mark.parametrize(
    ("text", "movie"),
    [
        *[("toy story", 1), ("TOY STORY (1995)", 1), (" Toy  Story ", 1)],
        *[("The Matrix", 2571), ("Matrix, The (1999)", 2571), ("matrix", 2571)],
        *[("les miserables", 73), ("Miserables, Les", 73), ("cite des enfants perdus", 29)],
        *[("hamlet (1948)", 1941), ("tonari no totoro", 5971), ("MASH", 7), ("電影", 9)],
    ],
)
def test_a_title_is_found(text, movie):
    assert Titles(MOVIES).find(text) == (movie, None)


@pytest.mark.parametrize(
    ("text", "movie", "title"),
    [
        ("My Neighbour Totoro", 5971, "My Neighbor Totoro (Tonari no Totoro) (1988)"),
        ("Toy Story (1996)", 1, "Toy Story (1995)"),
    ],
)
def test_a_doubt_is_said(text, movie, title):
    assert Titles(MOVIES).find(text) == (movie, f"{text!r} is taken for {title}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "hamlet",
            "'hamlet' may be Hamlet (1996) = 1411, Hamlet (1948) = 1941; add the year in "
            "parentheses, or give movieId",
        ),
        (
            "totoro",
            "no movie has a title like 'totoro': do you mean My Neighbor Totoro (Tonari no Totoro) "
            "(1988) = 5971?; or give its movieId",
        ),
        ("xyzzy", "no movie has a title like 'xyzzy'; or give its movieId"),
        ("", "no movie has a title like ''; or give its movieId"),
    ],
)
def test_no_movie_and_several(text, message):
    with pytest.raises(InputError) as raised:
        Titles(MOVIES).find(text)
    assert str(raised.value) == message
