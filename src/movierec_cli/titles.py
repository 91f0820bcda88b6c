"""Which movie somebody means by a title: forgiving of case, accents, articles and small slips."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from movierec.errors import InputError

_YEAR = re.compile(r"\s*\((\d{4})\)\s*$")
_ASIDE = re.compile(r"\(([^()]*)\)")
_ARTICLES = (
    "the|a|an|l'|le|la|les|il|lo|gli|i|el|los|las|un|une|una|uno|das|der|die|den|det|de|o|os|as"
)
_LAST_ARTICLE = re.compile(rf"^(.*), ({_ARTICLES})$", re.IGNORECASE)
_CLOSE = 0.85
_SHOWN = 5


class Movie(NamedTuple):
    """A movie that a title may mean."""

    movie_id: int
    title: str
    year: int | None

    def __str__(self) -> str:
        """Name it with its id."""
        return f"{self.title} = {self.movie_id}"


class Titles:
    """The movies of a run, by every name that their titles give them."""

    def __init__(self, movies: Iterable[tuple[int, str]]) -> None:
        self._named: dict[str, list[Movie]] = defaultdict(list)
        self._ids = set()
        for movie_id, title in movies:
            year = _YEAR.search(title)
            movie = Movie(movie_id, title, int(year[1]) if year else None)
            self._ids.add(movie_id)
            for name in _names(title):
                self._named[name].append(movie)

    def check(self, number: str) -> int:
        """Return the movie of this id. Raises InputError if there is none."""
        if not number.isdecimal() or int(number) not in self._ids:
            raise InputError(f"there is no movie {number!r}: movieId is MovieLens's number")
        return int(number)

    def find(self, text: str) -> tuple[int, str | None]:
        """Return the movie that the text means, and a doubt to tell if it is only similar.

        Raises InputError if none is similar, or several could be meant.
        """
        year = _YEAR.search(text)
        names = [name for name in _names(text) if name in self._named][:1]
        doubt = None
        if not names:
            name = _plain(_YEAR.sub("", text))
            near = [one for one in self._named if one[:1] == name[:1]]
            names = get_close_matches(name, near, cutoff=_CLOSE)[:1]
        movies = [*dict.fromkeys(movie for name in names for movie in self._named[name])]
        if year and any(movie.year == int(year[1]) for movie in movies):
            movies = [movie for movie in movies if movie.year == int(year[1])]
        elif year and movies:
            doubt = f"{text!r} is taken for {movies[0].title}"
        if not movies:
            hint = _hint(self._similar(text))
            raise InputError(f"no movie has a title like {text!r}{hint}; or give its movieId")
        if len(movies) > 1:
            raise InputError(
                f"{text!r} may be {_listed(movies)}; add the year in parentheses, or give movieId"
            )
        (movie,) = movies
        if names[0] not in _names(text):
            doubt = f"{text!r} is taken for {movie.title}"
        return movie.movie_id, doubt

    def _similar(self, text: str) -> list[Movie]:
        name = _plain(_YEAR.sub("", text))
        names = [one for one in self._named if name and name in one]
        names = names or get_close_matches(name, self._named, cutoff=0.6)
        return [*dict.fromkeys(movie for one in names for movie in self._named[one])]


def _hint(movies: Sequence[Movie]) -> str:
    return f": do you mean {_listed(movies)}?" if movies else ""


def _listed(movies: Sequence[Movie]) -> str:
    rest = f" and {len(movies) - _SHOWN} others" if len(movies) > _SHOWN else ""
    return ", ".join(map(str, movies[:_SHOWN])) + rest


def _names(title: str) -> list[str]:
    """Return the names in a title, the main one first, with and without an article at the end.

    >>> _names("City of Lost Children, The (Cité des enfants perdus, La) (1995)")[:3]
    ['the city of lost children', 'city of lost children', 'la cite des enfants perdus']
    """
    bare = _YEAR.sub("", title)
    asides = [aside.removeprefix("a.k.a. ") for aside in _ASIDE.findall(bare)]
    names = []
    for name in (_ASIDE.sub("", bare).strip(), *asides, bare):
        if turned := _LAST_ARTICLE.match(name):
            names += [f"{turned[2]} {turned[1]}", turned[1]]
        else:
            names.append(name)
    return [*dict.fromkeys(plain for plain in map(_plain, names) if plain)]


def _plain(name: str) -> str:
    """Return the name in small letters without accents and punctuation."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(one for one in letters if not unicodedata.combining(one))
    return re.sub(r"[^\w]+", " ", letters.replace("&", " and ").replace("'", "")).strip()
