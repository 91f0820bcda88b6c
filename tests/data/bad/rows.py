"""Rows and headers that are invalid in MovieLens, each in an otherwise good archive."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

from tests.data.bad.case import Case
from tests.support import archives

ML = "ml-latest-tiny"
HALF_STEPS = "rating is not 0.5 to 5 in half steps"
USER = "user id is not a whole number from 1 to 2147483647"
MOVIE = "movie id is not a whole number from 1 to 2147483647"
SECONDS = "timestamp is not whole seconds from 1990 to 2100"
UNKNOWN = "movie id is not among the movies"

# Bad rows after the good ones of a member, and the reasons for their rejection.
ROWS = {
    "ratings": {
        "1,3,0,964982703": HALF_STEPS,
        "1,3,5.5,964982703": HALF_STEPS,
        "1,3,4.75,964982703": HALF_STEPS,
        "1,3,-1.0,964982703": HALF_STEPS,
        "1,3,NaN,964982703": HALF_STEPS,
        "1,3,inf,964982703": HALF_STEPS,
        "1,3,4.,964982703": HALF_STEPS,
        "1,3,٤,964982703": HALF_STEPS,
        "1,3,four,964982703": HALF_STEPS,
        "1,3,,964982703": HALF_STEPS,
        '1,3,"4.0",964982703': HALF_STEPS,
        '1,3,"4,0",964982703': "not 4 fields",
        "1,3,4,0,964982703": "not 4 fields",
        "1,3,4.0": "not 4 fields",
        "1;3;4.0;964982703": "not 4 fields",
        "1\t3\t4.0\t964982703": "not 4 fields",
        "1::3::4.0::964982703": "not 4 fields",
        " ": "not 4 fields",
        "0,3,4.0,964982703": USER,
        "-1,3,4.0,964982703": USER,
        "2147483648,3,4.0,964982703": USER,
        "99999999999999999999999,3,4.0,964982703": USER,
        "1.0,3,4.0,964982703": USER,
        "1e0,3,4.0,964982703": USER,
        " 1,3,4.0,964982703": USER,
        "+1,3,4.0,964982703": USER,
        "01,3,4.0,964982703": USER,
        "one,3,4.0,964982703": USER,
        ",3,4.0,964982703": USER,
        "1,-3,4.0,964982703": MOVIE,
        "1,4294967299,4.0,964982703": MOVIE,
        "1,77,4.0,964982703": UNKNOWN,
        "1,3,4.0,0": SECONDS,
        "1,3,4.0,-964982703": SECONDS,
        "1,3,4.0,964982703000": SECONDS,
        "1,3,4.0,4102444801": SECONDS,
        "1,3,4.0,964982703.5": SECONDS,
        "1,3,4.0,2000-07-30": SECONDS,
        "1,3,4.0,": SECONDS,
        "1,3,4.0\0,964982703": HALF_STEPS,
        '1,3,4.0,"964982703': SECONDS,
        # The pair has a later rating.
        "1,1,0.5,964982702": "another row with the same user id and movie id is kept",
    },
    "movies": {
        "6,,Drama": "title is empty",
        "6, ,Drama": "title is empty",
        "6,Cats (1998),": "genres are empty or hold an empty name",
        "6,Cats (1998),Drama||War": "genres are empty or hold an empty name",
        "6,Cats, The (1998),Drama": "not 3 fields",
        '6,Cats (1998),"Drama': "a quote is not closed",
        "6,Cats\0 (1998),Drama": "a null character",
        "6,Caf\udce9 (1998),Drama": "not UTF-8",
        "5,Dogs (1998),Drama": "another row with the same movie id is kept",
    },
    "tags": {"1,1,,1445714994": "tag is empty", "1,9,funny,1445714994": UNKNOWN},
    "links": {
        "3,tt0112346,1": "imdb id is not all digits",
        "3,0112346,-1": "tmdb id is neither empty nor a whole number from 1 to 2147483647",
        "9,0112346,1": UNKNOWN,
    },
    "genome-tags": {"2,again": "another row with the same tag id is kept"},
    "genome-scores": {
        "2,2,1.5": "relevance is not 0 to 1",
        "2,2,NaN": "relevance is not 0 to 1",
        "2,3,0.5": "tag id is not among the genome's tags",
    },
}

RATINGS = archives.LATEST["ratings.csv"]
HEADER = "userId,movieId,rating,timestamp"


def member(name: str, data: bytes) -> Callable[[Path], None]:
    """An archive with this as the content of one member."""

    def build(path: Path) -> None:
        texts = {one: text.encode() for one, text in archives.LATEST.items()} | {name: data}
        archives.write_zip(path, {f"{ML}/{one}": text for one, text in texts.items()})

    return build


def shown(row: str) -> str:
    """A row as the rejected rows show it: in valid UTF-8."""
    return row.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def all_bad_rows(path: Path) -> None:
    """A good archive with all bad rows after the good ones."""
    texts = {
        f"{name}.csv": archives.LATEST[f"{name}.csv"] + "".join(f"{row}\r\n" for row in bad)
        for name, bad in ROWS.items()
    }
    texts = {**archives.LATEST, **texts}
    encoded = {name: text.encode("utf-8", "surrogateescape") for name, text in texts.items()}
    archives.write_zip(path, {f"{ML}/{name}": data for name, data in encoded.items()})


def _header(what: str, data: bytes, fault: str) -> Case:
    message = f"URI: member '{ML}/ratings.csv': {fault}, not '{HEADER}'; use an archive of the"
    return Case(f"a header {what}", member("ratings.csv", data), message)


def _first_line(what: str, header: str) -> Case:
    data = RATINGS.replace(HEADER, header).encode()
    return _header(what, data, f"its first line is '{header}'")


CASES = [
    Case(
        "a field with a line end",
        member(
            "tags.csv", f'{archives.LATEST["tags.csv"]}1,1,"two\nlines",1445714994\r\n'.encode()
        ),
        f"URI: member '{ML}/tags.csv': 2 of 5 rows are bad,",
    ),
    Case(
        "nothing but bad rows",
        member("ratings.csv", f"{HEADER}\r\nx,x,x,x\r\n".encode()),
        f"URI: member '{ML}/ratings.csv': no good rating among its 1 rows; use another archive",
        overrides={"source.max_rejected_fraction": 1.0},
    ),
    Case(
        "a header and no row",
        member("ratings.csv", f"{HEADER}\r\n".encode()),
        f"URI: member '{ML}/ratings.csv': no good rating among its 0 rows; use another archive",
    ),
    _header("of an empty member", b"", "it is empty"),
    _header(
        "behind a byte order mark",
        codecs.BOM_UTF8 + RATINGS.encode(),
        "it begins with a byte order mark",
    ),
    Case(
        "a header in UTF-16",
        member("ratings.csv", RATINGS.encode("utf-16")),
        f"URI: member '{ML}/ratings.csv': its first line is '\\\\xff\\\\xfeu\\x00s\\x00e\\x00r",
    ),
    Case(
        "a header in UTF-16 without a mark",
        member("ratings.csv", RATINGS.encode("utf-16-be")),
        f"URI: member '{ML}/ratings.csv': its first line is '\\x00u\\x00s\\x00e\\x00r\\x00I",
    ),
    _first_line("in another order", "movieId,userId,rating,timestamp"),
    _first_line("without a column", "userId,movieId,rating"),
    _first_line("with one more column", f"{HEADER},weight"),
    _first_line("with semicolons", "userId;movieId;rating;timestamp"),
    _first_line("in capitals", HEADER.upper()),
    _header(
        "missing", RATINGS.partition("\r\n")[2].encode(), "its first line is '1,1,4.0,964982703'"
    ),
]

GOOD = {
    "ratings.csv": RATINGS.replace("\r\n", "\n"),
    "movies.csv": archives.LATEST["movies.csv"].replace("\r\n", "\r"),
    "tags.csv": archives.LATEST["tags.csv"].rstrip("\r\n"),
    "links.csv": archives.LATEST["links.csv"].replace("\r\n", "\r\n\r\n"),
}
"""Members that are read like the usual ones: lines end in LF, in CR, the last line has no end, and
empty lines stand between."""
