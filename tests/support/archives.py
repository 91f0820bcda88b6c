"""Builds tiny archives in every MovieLens layout, and broken ones."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

# Three users, five movies. Non-ASCII titles, quotes and commas stand in every layout that can.
LATEST = {
    "movies.csv": (
        "movieId,title,genres\r\n"
        "1,Toy Story (1995),Adventure|Animation|Children\r\n"
        '2,"American President, The (1995)",Comedy\r\n'
        '3,"""Great Performances"" Cats (1998)",(no genres listed)\r\n'
        "4,Amélie (Fabuleux destin d’Amélie Poulain) (2001) ,Romance\r\n"
        "5,Babylon 5,Sci-Fi\r\n"
    ),
    "ratings.csv": (
        "userId,movieId,rating,timestamp\r\n"
        "1,1,4.0,964982703\r\n"
        "1,2,0.5,964982704\r\n"
        "2,1,5.0,1537799250\r\n"
        "2,3,3.5,1537799250\r\n"
        "3,4,2.5,828124615\r\n"
    ),
    "tags.csv": (
        "userId,movieId,tag,timestamp\r\n"
        "2,1,funny,1445714994\r\n"
        '2,3,"the ""best"", by far",1445714996\r\n'
        "3,4,été,1445714997\r\n"
    ),
    "links.csv": "movieId,imdbId,tmdbId\r\n1,0114709,862\r\n2,0112346,9087\r\n5,0105946,\r\n",
    "genome-tags.csv": 'tagId,tag\r\n1,007\r\n2,"18th, 19th century"\r\n',
    "genome-scores.csv": "movieId,tagId,relevance\r\n1,1,0.02875\r\n1,2,1.0\r\n2,1,9.75e-05\r\n",
    "README.txt": "Summary\n",
}
ML_1M = {
    "movies.dat": (
        "1::Toy Story (1995)::Animation|Children's|Comedy\n"
        "2::Misérables, Les (1995)::Drama|Musical\n"
    ),
    "ratings.dat": "1::1::5::978300760\n1::2::3::978302109\n2::1::1::978301968\n",
    "users.dat": "1::F::1::10::48067\n2::M::56::16::70072\n",
    "README": "SUMMARY\n",
}
ML_10M = {
    "movies.dat": (
        "1::Toy Story (1995)::Adventure|Animation\n"
        "2::Misérables, Les (1995)::Drama|Musical\n"
        "3::Pull My Daisy (1958)::(no genres listed)\n"
    ),
    "ratings.dat": "1::1::5::838985046\n1::2::4.5::838983525\n2::1::0.5::868244562\n",
    "tags.dat": '2::1::"excellent", déjà vu!::1215184630\n',
    "README.html": "<html></html>\n",
}


KAGGLE = {
    "movie.csv": LATEST["movies.csv"].replace("\r\n", "\n"),
    "rating.csv": (
        '"userId","movieId","rating","timestamp"\n'
        '1,1,3.5,"2005-04-02 23:53:47"\n'
        '1,2,5,"2005-04-02 23:31:16"\n'
    ),
    "tag.csv": '"userId","movieId","tag","timestamp"\n2,1,"Mark Waters","2009-04-24 18:19:40"\n',
    "genome_tags.csv": '"tagId","tag"\n1,"007"\n',
    "genome_scores.csv": '"movieId","tagId","relevance"\n1,1,0.025\n',
}
GENRES_100K = ["unknown", "Animation", "Children's", "Comedy", "Drama", "Musical", "Western"]


def item(movie: int, title: str, *genres: str) -> str:
    """Return a line of u.item."""
    flags = "|".join("1" if name in genres else "0" for name in GENRES_100K)
    return f"{movie}|{title}|01-Jan-1995||http://us.imdb.com/M/title-exact?{movie}|{flags}\n"


ML_100K = {
    "u.item": (
        item(1, "Toy Story (1995)", "Animation", "Children's", "Comedy")
        + item(2, "Misérables, Les (1995)", "Drama", "Musical")
        + item(3, "unknown", "unknown")
        + "\n"
    ),
    "u.genre": "".join(f"{name}|{n}\n" for n, name in enumerate(GENRES_100K)) + "\n",
    "u.data": "196\t1\t3\t881250949\n186\t2\t5\t891717742\n196\t3\t1\t881250950\n",
    "u1.base": "196\t1\t3\t881250949\n",
    "u1.test": "186\t2\t5\t891717742\n",
    "u.user": "196|49|M|writer|55105\n",
}
ENCODINGS = {"ml-1m": "iso-8859-1", "ml-100k": "iso-8859-1"}
LAYOUTS = {
    "latest": ("ml-latest-tiny", LATEST),
    "kaggle": ("", KAGGLE),
    "ml-1m": ("ml-1m", ML_1M),
    "ml-10m": ("ml-10M100K", ML_10M),
    "ml-100k": ("ml-100k", ML_100K),
}


def layout_archive(path: Path, layout: str, changes: Mapping[str, str] | None = None) -> Path:
    """Write a tiny archive of a layout with some members' texts changed; '' leaves one out."""
    folder, members = LAYOUTS[layout]
    encoding = ENCODINGS.get(layout, "utf-8")
    texts = {f"{folder}/{name}": text for name, text in {**members, **(changes or {})}.items()}
    left = {name.lstrip("/"): text.encode(encoding) for name, text in texts.items() if text}
    return write_zip(path, left)


def latest(path: Path, changes: Mapping[str, str] | None = None) -> Path:
    """Write a tiny archive in the latest layout, changed as in `layout_archive`."""
    return layout_archive(path, "latest", changes)


def write_zip(
    path: Path, members: Mapping[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED
) -> Path:
    """Write a zip with these members, whose names may be such as no zip should have."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def patch_directory(path: Path, name: str, offset: int, layout: str, value: int) -> Path:
    """Overwrite a field at `offset` of a member's entry in the zip's directory.

    Offsets: 8 flags (H), 10 compression (H), 16 checksum, 20 packed size, 24 size, 42 place (I).
    """
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    while data[entry + 46 : entry + 46 + len(name)] != name.encode():
        entry = data.index(b"PK\x01\x02", entry + 4)
    struct.pack_into(f"<{layout}", data, entry + offset, value)
    path.write_bytes(data)
    return path
