"""The layouts of the MovieLens archives: which member holds which table, in which format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from movierec.data import columns as c
from movierec.errors import InputError

RATINGS: Final = "ratings"
MOVIES: Final = "movies"
TAGS: Final = "tags"
LINKS: Final = "links"
GENOME_SCORES: Final = "genome_scores"
GENOME_TAGS: Final = "genome_tags"
GENRE_NAMES: Final = "genre_names"
"""Not a dataset: the names of the genre flags of ml-100k."""

UTF_8: Final = "UTF-8"
ISO_8859_1: Final = "ISO-8859-1"

_SHOWN_NAMES = 12


@dataclass(frozen=True)
class RatingScale:
    """The ratings that a layout allows, as text; more zeros may follow a decimal."""

    texts: tuple[str, ...]
    reason: str
    """The reason for rejecting any other text."""


_WHOLE = tuple(f"{star}{tail}" for star in range(1, 6) for tail in ("", ".0"))
_HALF = (*_WHOLE, "0.5", "1.5", "2.5", "3.5", "4.5")
HALF_STARS: Final = RatingScale(_HALF, "rating is not 0.5 to 5 in half steps")
WHOLE_STARS: Final = RatingScale(_WHOLE, "rating is not 1 to 5 in whole steps")


@dataclass(frozen=True)
class Member:
    """A file of the archive that holds one table."""

    table: str
    name: str
    """Its name without the folder."""
    columns: tuple[str, ...]
    """Our names of its fields, in order."""
    delimiter: str
    encoding: str
    quoted: bool = False
    """Fields may be quoted, inner quotes doubled, as in CSV."""
    dated: bool = False
    """Times are dates in UTC, such as 2005-04-02 23:53:47, not seconds since 1970."""
    flagged: bool = False
    """After the columns comes one 0/1 field per genre of GENRE_NAMES."""
    header: str | None = None
    """The first line, which is no row."""
    optional: bool = False
    needs: tuple[str, ...] = ()
    """Tables that the check of this one needs."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One of the formats in which GroupLens has published MovieLens."""

    name: str
    members: tuple[Member, ...]
    """In the order of ingest: a table comes before those that refer to it."""
    scale: RatingScale
    marks: tuple[str, ...] = ()
    """Members that distinguish this layout from one with the same required members."""

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the members that are not optional."""
        return tuple(member.name for member in self.members if not member.optional)


@dataclass(frozen=True, kw_only=True)
class LocatedLayout:
    """A layout found in an archive."""

    layout: Layout
    paths: dict[str, str]
    """The full member name of every table in the archive, in the order of ingest."""
    recoded: frozenset[str] = frozenset()
    """The tables that are UTF-8 whatever the layout says: re-packed copies often are."""

    def member(self, table: str) -> Member:
        """Return the table's member."""
        found = next(member for member in self.layout.members if member.table == table)
        return replace(found, encoding=UTF_8) if table in self.recoded else found


def _csv(
    table: str, header: str, columns: tuple[str, ...], name: str | None = None, **options: Any
) -> Member:
    name = name or f"{table.replace('_', '-')}.csv"
    return Member(table, name, columns, ",", UTF_8, header=header, **options)


def _dat(table: str, encoding: str, columns: tuple[str, ...], *, optional: bool = False) -> Member:
    return Member(table, f"{table}.dat", columns, "::", encoding, optional=optional)


_RATING = (c.USER_ID, c.MOVIE_ID, c.RATING, c.RATED_AT)
_MOVIE = (c.MOVIE_ID, c.TITLE, c.GENRES)
_TAGGING = (c.USER_ID, c.MOVIE_ID, c.TAG, c.TAGGED_AT)
_SCORE = (c.MOVIE_ID, c.TAG_ID, c.RELEVANCE)
_LINK = (c.MOVIE_ID, c.IMDB_ID, c.TMDB_ID)
_ITEM = (c.MOVIE_ID, c.TITLE, "release_date", "video_release_date", "imdb_url")

_MOVIES_HEADER = "movieId,title,genres"
_RATINGS_HEADER = "userId,movieId,rating,timestamp"
_TAGS_HEADER = "userId,movieId,tag,timestamp"
_LINKS_HEADER = "movieId,imdbId,tmdbId"
_GENOME_TAGS_HEADER = "tagId,tag"
_GENOME_SCORES_HEADER = "movieId,tagId,relevance"

LATEST: Final = Layout(
    name="latest",
    scale=HALF_STARS,
    members=(
        _csv(MOVIES, _MOVIES_HEADER, _MOVIE, quoted=True),
        _csv(RATINGS, _RATINGS_HEADER, _RATING),
        _csv(TAGS, _TAGS_HEADER, _TAGGING, quoted=True, optional=True),
        _csv(LINKS, _LINKS_HEADER, _LINK, optional=True),
        _csv(GENOME_TAGS, _GENOME_TAGS_HEADER, (c.TAG_ID, c.TAG), quoted=True, optional=True),
        _csv(GENOME_SCORES, _GENOME_SCORES_HEADER, _SCORE, optional=True, needs=(GENOME_TAGS,)),
    ),
)
KAGGLE: Final = Layout(
    name="kaggle",
    scale=HALF_STARS,
    members=tuple(
        _csv(table, header, columns, name, quoted=True, **options)
        for table, header, columns, name, options in (
            (MOVIES, _MOVIES_HEADER, _MOVIE, "movie.csv", {}),
            (RATINGS, _RATINGS_HEADER, _RATING, "rating.csv", {"dated": True}),
            (TAGS, _TAGS_HEADER, _TAGGING, "tag.csv", {"dated": True, "optional": True}),
            (LINKS, _LINKS_HEADER, _LINK, "link.csv", {"optional": True}),
            (
                *(GENOME_TAGS, _GENOME_TAGS_HEADER, (c.TAG_ID, c.TAG), "genome_tags.csv"),
                {"optional": True},
            ),
            (
                *(GENOME_SCORES, _GENOME_SCORES_HEADER, _SCORE, "genome_scores.csv"),
                {"optional": True, "needs": (GENOME_TAGS,)},
            ),
        )
    ),
)
ML_1M: Final = Layout(
    name="ml-1m",
    scale=WHOLE_STARS,
    marks=("users.dat",),
    members=(_dat(MOVIES, ISO_8859_1, _MOVIE), _dat(RATINGS, ISO_8859_1, _RATING)),
)
ML_10M: Final = Layout(
    name="ml-10m",
    scale=HALF_STARS,
    marks=("tags.dat",),
    members=(
        _dat(MOVIES, UTF_8, _MOVIE),
        _dat(RATINGS, UTF_8, _RATING),
        _dat(TAGS, UTF_8, _TAGGING, optional=True),
    ),
)
ML_100K: Final = Layout(
    name="ml-100k",
    scale=WHOLE_STARS,
    members=(
        Member(GENRE_NAMES, "u.genre", ("genre", "genre_id"), "|", ISO_8859_1),
        Member(MOVIES, "u.item", _ITEM, "|", ISO_8859_1, flagged=True),
        Member(RATINGS, "u.data", _RATING, "\t", ISO_8859_1),
    ),
)
LAYOUTS: Final = (LATEST, KAGGLE, ML_1M, ML_10M, ML_100K)


def locate(names: Collection[str], *, wanted: str, origin: str) -> LocatedLayout:
    """Return the layout of an archive with these member names, and the paths of its members.

    All members of a layout lie in one folder, at any depth. `wanted` is a layout's name, or
    `auto` for the one that fits. If no layout fits or more than one, raises InputError with what
    was found and what each layout needs; `origin` is the archive's name in it.
    """
    folders: dict[str, set[str]] = defaultdict(set)
    for name in names:
        folder, slash, base = name.rpartition("/")
        if base:
            folders[folder + slash].add(base)
    fits = [
        (layout, folder)
        for layout in LAYOUTS
        if wanted in ("auto", layout.name)
        for folder, found in sorted(folders.items())
        if found.issuperset(_identifying_names(layout, wanted))
    ]
    if len(fits) != 1:
        raise InputError(f"{origin}: {_describe_misfit(fits, names, wanted)}")
    (layout, folder) = fits[0]
    paths = {one.table: folder + one.name for one in layout.members if one.name in folders[folder]}
    for member in layout.members:
        for need in member.needs:
            if member.table in paths and need not in paths:
                raise InputError(
                    f"{origin}: {paths[member.table]} is there without the {need} that it refers "
                    "to; fetch a complete archive with `make data FORCE=1`"
                )
    return LocatedLayout(layout=layout, paths=paths)


def _identifying_names(layout: Layout, wanted: str) -> tuple[str, ...]:
    return layout.required + (layout.marks if wanted == "auto" else ())


def _describe_misfit(fits: list[tuple[Layout, str]], names: Collection[str], wanted: str) -> str:
    """Describe why no layout fits, or which ones do."""
    if fits:
        places = " and ".join(f"{layout.name} in {folder or './'}" for layout, folder in fits)
        return f"its members fit {places}; keep one data set in the archive, or set source.layout"
    needs = "; ".join(
        f"{layout.name} needs {', '.join(_identifying_names(layout, wanted))}"
        for layout in LAYOUTS
        if wanted in ("auto", layout.name)
    )
    found = sorted(name for name in names if not name.endswith("/"))
    more = f" and {len(found) - _SHOWN_NAMES} more" if len(found) > _SHOWN_NAMES else ""
    shown = (", ".join(map(repr, found[:_SHOWN_NAMES])) or "no file") + more
    return (
        f"its members fit no layout of source.layout {wanted}: it has {shown}; {needs}; "
        "use an archive of such a layout, or name your files ratings.csv, which begins with "
        f"{_RATINGS_HEADER}, and movies.csv, which begins with {_MOVIES_HEADER}, and zip them"
    )
