"""Broken archives, each with its message, and members extracted to plain files."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from movierec.errors import InputError
from movierec.movielens import archive
from movierec.spark.files import Files
from tests.support import archives

HEADER = "a,b"
LARGE = b"".join(b"%d,%d\n" % (n, n * n % 1009) for n in range(100_000))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return archives.write_zip(tmp_path / "good.zip", {"x/a.csv": b"a,b\r\n1,2\r\n", "x/b.txt": b""})


def members(files: Files, path: Path, sha256: str | None = None) -> dict[str, zipfile.ZipInfo]:
    with archive.open_archive(files, path.as_uri(), sha256=sha256) as opened:
        return opened.members


def refused(files: Files, path: Path, sha256: str | None = None) -> str:
    with pytest.raises(InputError) as raised:
        members(files, path, sha256)
    message = str(raised.value)
    assert message.startswith(f"{path.as_uri()}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path.as_uri()}: ")


def test_the_directory_lists_files_by_name(files: Files, tmp_path: Path) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"x/": b"", "x/a.csv": b"1,2\n", "b": b""})
    found = members(files, path)
    assert {name: info.file_size for name, info in found.items()} == {"x/a.csv": 4, "b": 0}


@pytest.mark.parametrize("sha256", [None, "0" * 64])
def test_a_missing_archive(files: Files, tmp_path: Path, sha256: str | None) -> None:
    path = tmp_path / "none.zip"
    with pytest.raises(InputError) as raised:
        members(files, path, sha256)
    assert str(raised.value) == (
        f"source.archive: there is no {path.as_uri()}; "
        "fetch it with `make data` or name another with ARCHIVE="
    )


@pytest.mark.parametrize("content", [b"", b"userId,movieId\n" * 1000, b"PK\x03\x04"])
def test_files_that_are_no_zip(files: Files, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    assert refused(files, path) == (
        "not a zip, or one that was cut off or damaged (File is not a zip file); "
        "fetch it again with `make data FORCE=1`"
    )


def test_a_truncated_zip(files: Files, good: Path) -> None:
    content = good.read_bytes()
    for length in range(0, len(content), 7):
        good.write_bytes(content[:length])
        assert refused(files, good).startswith("not a zip, or one that was cut off or damaged (")


def test_a_damaged_directory(files: Files, good: Path) -> None:
    content = good.read_bytes()
    good.write_bytes(content.replace(b"PK\x01\x02", b"PK\x01\x03"))
    assert refused(files, good) == (
        "not a zip, or one that was cut off or damaged (Bad magic number for central directory); "
        "fetch it again with `make data FORCE=1`"
    )


@pytest.mark.parametrize(
    "name", ["../ratings.csv", "ml/../../ratings.csv", "/etc/passwd", "C:/x.csv", "c:x.csv", ".."]
)
def test_names_that_lead_out(files: Files, tmp_path: Path, name: str) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"ml/ratings.csv": b"", name: b""})
    assert refused(files, path) == (
        f"member {name!r}: the name leads out of the archive; do not use it, fetch GroupLens's own"
    )


@pytest.mark.parametrize("name", ["ml\\ratings.csv", "ml/rat\nings.csv", "ratings.csv\x00.exe"])
def test_names_with_backslashes_or_control_characters(
    files: Files, tmp_path: Path, name: str
) -> None:
    placeholder = "n" * len(name)
    path = archives.write_zip(tmp_path / "a.zip", {placeholder: b""})
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), name.encode()))
    assert refused(files, path) == (
        f"member {name!r}: the name has a backslash or a control character; pack the archive again"
    )


def test_two_dots_inside_a_name_are_harmless(files: Files, tmp_path: Path) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"ml/a..b.csv": b"", "ml...x/c": b""})
    assert list(members(files, path)) == ["ml/a..b.csv", "ml...x/c"]


def test_an_encrypted_member(files: Files, good: Path) -> None:
    archives.patch_directory(good, "x/a.csv", 8, "H", 1)
    assert refused(files, good) == (
        "member 'x/a.csv': it is encrypted; pack the archive again without a password"
    )


def test_another_compression(files: Files, tmp_path: Path) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": b"1"}, compression=zipfile.ZIP_BZIP2)
    assert refused(files, path) == (
        "member 'a.csv': it is compressed by method 12 of zip; pack the archive again with deflate"
    )


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_duplicate_name(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("ml/ratings.csv", "1")
        file.writestr("ml/ratings.csv", "2")
    assert refused(files, path) == (
        "member 'ml/ratings.csv': the name stands 2 times; pack the archive again"
    )


def test_a_member_with_too_high_a_ratio(files: Files, tmp_path: Path) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"zeros": bytes(1 << 21)})
    with zipfile.ZipFile(path) as file:
        packed = file.getinfo("zeros").compress_size
    assert refused(files, path) == (
        f"member 'zeros': {packed} bytes would inflate to 2097152, more than 200 times; "
        "do not use it, fetch GroupLens's own"
    )


def test_a_small_member_may_have_any_ratio(files: Files, tmp_path: Path) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"zeros": bytes(1 << 20)})
    assert list(members(files, path)) == ["zeros"]


def test_the_ratio_is_allowed_up_to_its_limit(files: Files, tmp_path: Path) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"a": bytes(5000)})
    for packed, allowed in ((10_486, True), (10_485, False)):
        archives.patch_directory(path, "a", 20, "I", packed)
        archives.patch_directory(path, "a", 24, "I", 2_097_200)
        if allowed:
            assert list(members(files, path)) == ["a"]
        else:
            assert "10485 bytes would inflate to 2097200" in refused(files, path)


def test_members_that_are_too_large_together(files: Files, tmp_path: Path) -> None:
    names = [f"m{n:02}" for n in range(17)]
    path = archives.write_zip(tmp_path / "a.zip", dict.fromkeys(names, b"1"))
    size = 0xFFFF_0000
    for name in names:
        archives.patch_directory(path, name, 20, "I", size // 100)
        archives.patch_directory(path, name, 24, "I", size)
    assert refused(files, path) == (
        f"its members would inflate to {17 * size} bytes, more than 68719476736; "
        "do not use it, fetch GroupLens's own"
    )


def test_the_checksum_in_conf(files: Files, good: Path) -> None:
    actual = hashlib.sha256(good.read_bytes()).hexdigest()
    assert list(members(files, good, actual.upper())) == ["x/a.csv", "x/b.txt"]
    assert refused(files, good, "0" * 64) == (
        f"its sha256 is {actual}, not source.sha256 {'0' * 64}; "
        "fetch it again with `make data FORCE=1`, or set source.sha256 to null to take it as it is"
    )


def extract(files: Files, path: Path, name: str = "a.csv", header: str | None = HEADER) -> bytes:
    with archive.open_archive(files, path.as_uri(), sha256=None) as opened:
        return b"".join(opened.read_rows(name, header=header))


def count(files: Files, path: Path, name: str = "a.csv", header: str | None = HEADER) -> int:
    with archive.open_archive(files, path.as_uri(), sha256=None) as opened:
        return opened.count_rows(name, header=header)


def member_fault(files: Files, path: Path, name: str = "a.csv", header: str | None = HEADER) -> str:
    """Return why a member is refused, by extraction and with the same message by a row count."""
    with pytest.raises(InputError) as raised:
        extract(files, path, name, header)
    message = str(raised.value)
    with pytest.raises(InputError) as raised:
        count(files, path, name, header)
    assert str(raised.value) == message
    assert "\n" not in message
    return message.removeprefix(f"{path.as_uri()}: member {name!r}: ")


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a,b\r\n1,2\r\n", b"1,2\r\n"),
        (b"a,b\n1,2", b"1,2"),
        (b"a,b\r1,2\r", b"1,2\r"),
        (b"a,b\n", b""),
        (b"a,b", b""),
        (b"a,b\n\n", b"\n"),
        (b"a,b\r\n\r\n1\r2\n\r\n3", b"\r\n1\r2\n\r\n3"),
        (b"a,b\n" + LARGE, LARGE),
    ],
)
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_is_extracted_without_its_header(
    files: Files, tmp_path: Path, content: bytes, rows: bytes, compression: int
) -> None:
    path = tmp_path / "a.zip"
    archives.write_zip(path, {"x": LARGE, "a.csv": content, "y": LARGE}, compression=compression)
    assert extract(files, path) == rows
    assert count(files, path) == len(rows.split())


@pytest.mark.parametrize("size", [5, 6, 7, 8])
def test_rows_are_counted_across_blocks(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(archive, "_BLOCK", size)
    rows = b"1,2\r\n\r\n3\r4,567890\n\n\r\n\n5" * 9
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": b"a,b\r\n" + rows})
    assert extract(files, path) == rows
    assert count(files, path) == len(rows.split())


def test_a_member_without_header_is_extracted_whole(files: Files, tmp_path: Path) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": b"1::2\n", "empty": b""})
    assert extract(files, path, header=None) == b"1::2\n"
    assert extract(files, path, "empty", header=None) == b""
    assert count(files, path, header=None) == 1
    assert count(files, path, "empty", header=None) == 0


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("zip64", [False, True])
def test_members_zipped_into_a_pipe(
    files: Files, tmp_path: Path, compression: int, zip64: bool
) -> None:
    members = {"x": b"x" * 100, "a.csv": b"a,b\n1,2\n", "y": b"y"}
    path = archives.write_piped_zip(
        tmp_path / "a.zip", members, compression=compression, zip64=zip64
    )
    assert extract(files, path) == b"1,2\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "it is empty"),
        (b"b,a\n1,2\n", "its first line is 'b,a'"),
        (b"a,b,c\n1,2\n", "its first line is 'a,b,c'"),
        (b"a", "its first line is 'a'"),
        (b"1,2\n3,4\n", "its first line is '1,2'"),
        (b" a,b\n", "its first line is ' a,b'"),
        (b"\n a,b\n", "its first line is ''"),
        (b"\xef\xbb\xbfa,b\n1,2\n", "it begins with a byte order mark"),
        (b"caf\xe9\n", "its first line is 'caf\\\\xe9'"),
        (b"x" * 5000, f"its first line is '{'x' * 80}'..."),
    ],
)
def test_a_wrong_first_line(files: Files, tmp_path: Path, content: bytes, fault: str) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": content})
    assert member_fault(files, path) == (
        f"{fault}, not 'a,b'; use an archive of the layout in source.layout"
    )


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_content_with_a_wrong_checksum(files: Files, tmp_path: Path, compression: int) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": b"a,b\n1,2\n"}, compression=compression)
    archives.patch_directory(path, "a.csv", 16, "I", 12345)
    assert member_fault(files, path) == (
        "its content is damaged (Bad CRC-32 for file 'a.csv'); "
        "fetch it again with `make data FORCE=1`"
    )


@pytest.mark.parametrize(
    ("size", "fault"),
    [(size, "Bad CRC-32 for file 'a.csv'") for size in (8, 9)]
    + [(size, f"10 bytes instead of {size}") for size in (11, 12, 5000)],
)
def test_content_of_a_wrong_size(files: Files, tmp_path: Path, size: int, fault: str) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": b"a,b\n1,2\n3\n"})
    archives.patch_directory(path, "a.csv", 24, "I", size)
    assert member_fault(files, path) == (
        f"its content is damaged ({fault}); fetch it again with `make data FORCE=1`"
    )


def test_a_flipped_bit_is_found(files: Files, tmp_path: Path) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": b"a,b\n" + LARGE})
    archives.patch_content(path, "a.csv")
    message = member_fault(files, path)
    assert message.startswith("its content is damaged (")
    assert message.endswith("; fetch it again with `make data FORCE=1`")


def test_invalid_deflate(files: Files, tmp_path: Path) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": b"\x07" * 50}, compression=0)
    archives.patch_directory(path, "a.csv", 10, "H", zipfile.ZIP_DEFLATED)
    assert member_fault(files, path) == (
        "its content is damaged (Error -3 while decompressing data: invalid block type); "
        "fetch it again with `make data FORCE=1`"
    )


def test_a_member_outside_of_the_archive(files: Files, good: Path) -> None:
    archives.patch_directory(good, "x/a.csv", 42, "I", 1_000_000)
    assert member_fault(files, good, "x/a.csv") == (
        "its content is damaged (Truncated file header); fetch it again with `make data FORCE=1`"
    )


def test_a_member_that_goes_on_after_the_archive_s_end(files: Files, tmp_path: Path) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": b"a,b\n"}, compression=0)
    for offset in (20, 24):
        archives.patch_directory(path, "a.csv", offset, "I", 5000)
    assert member_fault(files, path).startswith("its content is damaged (")


def test_content_never_exceeds_the_size_in_the_directory(files: Files, tmp_path: Path) -> None:
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": bytes(1 << 20)})
    archives.patch_directory(path, "a.csv", 24, "I", 1000)
    out = tmp_path / "out"
    with (
        archive.open_archive(files, path.as_uri(), sha256=None) as opened,
        pytest.raises(InputError, match="Bad CRC-32"),
        out.open("wb") as file,
    ):
        file.writelines(opened.read_rows("a.csv", header=None))
    assert out.stat().st_size <= 1000
