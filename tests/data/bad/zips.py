"""Archives that are not complete and harmless MovieLens zips."""

from __future__ import annotations

import gzip
import io
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.data.bad.case import AGAIN, FETCH_OWN, REPACK, Case
from tests.support import archives

ML = "ml-latest-tiny"
RATINGS = f"{ML}/ratings.csv"
DAMAGED = "not a zip, or one that was cut off or damaged ("
PLACEHOLDER = "n" * 20
UNPACKED = "its content is damaged"


def content(data: bytes) -> Callable[[Path], None]:
    """A file with these bytes."""
    return lambda path: path.write_bytes(data) and None


def changed(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """A good archive with changed bytes."""

    def build(path: Path) -> None:
        archives.latest(path)
        path.write_bytes(change(path.read_bytes()))

    return build


def members(**texts: str) -> Callable[[Path], None]:
    """A good archive with other texts in some members, named without their suffix."""
    changes = {f"{name.replace('_', '-')}.csv": text for name, text in texts.items()}
    return lambda path: archives.latest(path, changes) and None


def extra(name: str, data: bytes = b"", **options: int) -> Callable[[Path], None]:
    """A good archive with one more member."""

    def build(path: Path) -> None:
        archives.latest(path)
        with zipfile.ZipFile(path, "a", **options) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a duplicate name
            archive.writestr(name, data)

    return build


def renamed(name: str) -> Callable[[Path], None]:
    """A good archive with one more member, with a name that zipfile would not write."""

    def build(path: Path) -> None:
        extra(PLACEHOLDER[: len(name)])(path)
        data = path.read_bytes().replace(PLACEHOLDER[: len(name)].encode(), name.encode())
        path.write_bytes(data)

    return build


def patched(offset: int, layout: str, value: int, name: str = RATINGS) -> Callable[[Path], None]:
    """A good archive with a changed field in its directory."""
    return lambda path: (
        archives.patch_directory(archives.latest(path), name, offset, layout, value) and None
    )


def flipped_bit(path: Path) -> None:
    """A good archive with a flipped bit in its ratings."""
    archives.patch_content(archives.latest(path), RATINGS)


def two_sets(path: Path) -> None:
    """An archive with two data sets."""
    _, texts = archives.LAYOUTS["latest"]
    both = [(f"{folder}/{name}", text) for folder in ("a", "b") for name, text in texts.items()]
    archives.write_zip(path, {name: text.encode() for name, text in both})


def tar(path: Path) -> None:
    """A tar named like a zip."""
    data = io.BytesIO(b"x" * 100)
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("ratings.csv")
        info.size = 100
        archive.addfile(info, data)


def directory(path: Path) -> None:
    """A directory named like a zip."""
    path.mkdir()


def missing(path: Path) -> None:
    """Nothing at all."""


def in_a_zip(path: Path) -> None:
    """A zip within a zip."""
    inner = archives.latest(path.with_suffix(".inner"))
    archives.write_zip(path, {"ml.zip": inner.read_bytes()})


def too_large_together(path: Path) -> None:
    """Members that are a zip bomb only together."""
    names = [f"{ML}/m{n:02}" for n in range(17)]
    archives.write_zip(path, dict.fromkeys(names, b"1"))
    for name in names:
        archives.patch_directory(path, name, 20, "I", 0xFFFF_0000 // 100)
        archives.patch_directory(path, name, 24, "I", 0xFFFF_0000)


def _leads_out(name: str) -> Case:
    return Case(
        f"a name that leads out: {name}",
        extra(name),
        f"URI: member {name!r}: the name leads out of the archive; {FETCH_OWN}",
    )


CASES = [
    Case("no archive", missing, "source.archive: there is no URI; fetch it with `make data` or"),
    Case("a directory", directory, "URI: cannot be read: Is a directory"),
    Case("an empty file", content(b""), f"URI: {DAMAGED}"),
    Case("a text", content(b"userId,movieId\n" * 100), f"URI: {DAMAGED}"),
    Case("the start of a zip", content(b"PK\x03\x04"), f"URI: {DAMAGED}"),
    Case("a gzip", content(gzip.compress(b"userId,movieId\n" * 100)), f"URI: {DAMAGED}"),
    Case("a tar", tar, f"URI: {DAMAGED}"),
    Case("a zip within a zip", in_a_zip, "URI: its members fit no layout of source.layout auto"),
    Case("cut off in the middle", changed(lambda data: data[: len(data) // 2]), f"URI: {DAMAGED}"),
    Case("cut off at the end", changed(lambda data: data[:-30]), f"URI: {DAMAGED}"),
    Case(
        "its start is gone",
        changed(lambda data: data[100:]),
        f"URI: member '{ML}/movies.csv': {UNPACKED} (",
    ),
    Case(
        "its directory is damaged",
        changed(lambda data: data.replace(b"PK\x01\x02", b"PK\x01\x03")),
        f"URI: {DAMAGED}",
    ),
    Case(
        "encrypted",
        patched(8, "H", 1),
        f"URI: member '{RATINGS}': it is encrypted; {REPACK} without a password",
    ),
    Case(
        "bzip2",
        extra("x", compression=zipfile.ZIP_BZIP2),
        f"URI: member 'x': it is compressed by method 12 of zip; {REPACK} with deflate",
    ),
    Case(
        "lzma",
        extra("x", compression=zipfile.ZIP_LZMA),
        f"URI: member 'x': it is compressed by method 14 of zip; {REPACK} with deflate",
    ),
    Case(
        "an unknown compression method",
        patched(10, "H", 77),
        f"URI: member '{RATINGS}': it is compressed by method 77 of zip; {REPACK} with deflate",
    ),
    Case(
        "a duplicate name",
        extra(RATINGS, b"1,1,5.0,1\n"),
        f"URI: member '{RATINGS}': the name stands 2 times; {REPACK}",
    ),
    *map(_leads_out, ("../x", "a/../../x", "/etc/passwd", "C:/x", "..")),
    *(
        Case(
            f"a name with {what}",
            renamed(name),
            f"URI: member {name!r}: the name has a backslash or a control character; {REPACK}",
        )
        for what, name in {"a backslash": "a\\b", "a null": "a\0b", "a line end": "a\nb"}.items()
    ),
    Case(
        "a bomb",
        extra("zeros", bytes(1 << 21), compression=zipfile.ZIP_DEFLATED),
        "URI: member 'zeros': 2049 bytes would inflate to 2097152, more than 200 times; "
        + FETCH_OWN,
    ),
    Case("a bomb of several members", too_large_together, "URI: its members would inflate to"),
    Case(
        "another checksum",
        patched(16, "I", 1),
        f"URI: member '{RATINGS}': {UNPACKED} (Bad CRC-32 for file '{RATINGS}'); {AGAIN}",
    ),
    Case("another size", patched(24, "I", 150), f"URI: member '{RATINGS}': {UNPACKED} ("),
    Case("a flipped bit", flipped_bit, f"URI: member '{RATINGS}': {UNPACKED} (Bad CRC-32 for"),
    Case(
        "a member outside of the archive",
        patched(42, "I", 1_000_000),
        f"URI: member '{RATINGS}': {UNPACKED} (Truncated file header)",
    ),
    Case(
        "a member where none begins",
        patched(42, "I", 3),
        f"URI: member '{RATINGS}': {UNPACKED} (Bad magic number for file header); {AGAIN}",
    ),
    Case(
        "no member", lambda path: archives.write_zip(path, {}) and None, "URI: its members fit no"
    ),
    Case(
        "only folders",
        lambda path: archives.write_zip(path, {f"{ML}/": b""}) and None,
        "URI: its members fit no layout of source.layout auto: it has no file;",
    ),
    Case("no ratings", members(ratings=""), "URI: its members fit no layout of source.layout auto"),
    Case("no movies", members(movies=""), "URI: its members fit no layout of source.layout auto"),
    Case("two data sets", two_sets, "URI: its members fit latest in a/ and latest in b/; keep one"),
    Case(
        "genome scores without their tags",
        members(genome_tags=""),
        f"URI: {ML}/genome-scores.csv is there without the genome_tags that it refers to;",
    ),
    Case(
        "a layout that is not conf's",
        members(),
        "URI: its members fit no layout of source.layout ml-1m",
        overrides={"source.layout": "ml-1m"},
    ),
    Case(
        "a checksum that is not conf's",
        members(),
        "URI: its sha256 is ",
        overrides={"source.sha256": "ab" * 32},
    ),
    Case(
        "a number of ratings that is not conf's",
        members(),
        f"URI: member '{RATINGS}': it has 5 rows, not source.expected_ratings 6;",
        overrides={"source.expected_ratings": 6},
    ),
]
