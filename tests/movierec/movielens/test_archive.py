"""Broken archives, each with its message, and members extracted to plain files."""

import gzip
import hashlib
import zipfile

import pytest

from movierec.config.uris import missing_archive
from movierec.errors import InputError
from movierec.movielens import archive
from tests.support import archives

HEADER = "a,b"
LARGE = b"".join(b"%d,%d\n" % (n, n * n % 1009) for n in range(100_000))


@pytest.fixture
def good(tmp_path):
    return archives.write_zip(tmp_path / "good.zip", {"x/a.csv": b"a,b\r\n1,2\r\n", "x/b.txt": b""})


def members(files, path, sha256=None):
    with archive.open_archive(files, path.as_uri(), sha256=sha256) as opened:
        return opened.members


def message_of(call, *arguments):
    with pytest.raises(InputError) as raised:
        call(*arguments)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def refused(files, path, sha256=None):
    message = message_of(members, files, path, sha256)
    assert message.startswith(f"{path.as_uri()}: ")
    return message.removeprefix(f"{path.as_uri()}: ")


@pytest.mark.parametrize("sha256", [None, "0" * 64])
def test_a_missing_archive(files, tmp_path, sha256):
    path = tmp_path / "none.zip"
    assert message_of(members, files, path, sha256) == str(missing_archive(path.as_uri()))


def test_a_directory_is_not_a_zip(files, tmp_path):
    place = f"(cd {tmp_path} && zip -r ../{tmp_path.name}.zip .)"
    assert refused(files, tmp_path) == f"it is a folder; zip it: {place}"


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n" * 1000, b"PK\x03\x04", gzip.compress(b"a,b\n", mtime=0)]
)
def test_files_that_are_no_zip(files, tmp_path, content):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    assert refused(files, path) == (
        "not a zip, or one that was cut off or damaged (File is not a zip file); "
        "fetch it again with `make data FORCE=1`"
    )


def test_a_truncated_zip(files, good):
    content = good.read_bytes()
    for length in range(0, len(content), 7):
        good.write_bytes(content[:length])
        assert refused(files, good).startswith("not a zip, or one that was cut off or damaged (")


LEADS_OUT = "the name leads out of the archive; do not use it, fetch GroupLens's own"
UNUSUAL = "the name has a backslash or a control character; pack the archive again"
BAD_NAMES = dict.fromkeys(
    ("../ratings.csv", "ml/../../ratings.csv", "..", "/etc/passwd", "c:x.csv"), LEADS_OUT
) | dict.fromkeys(("ml\\ratings.csv", "ml/rat\nings.csv", "ratings.csv\x00.exe"), UNUSUAL)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name(files, tmp_path, name):
    # zipfile itself would not write some of these names
    placeholder = "n" * len(name)
    path = archives.write_zip(tmp_path / "a.zip", {"ml/ratings.csv": b"", placeholder: b""})
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), name.encode()))
    assert refused(files, path) == f"member {name!r}: {BAD_NAMES[name]}"


def test_files_are_listed_with_two_dots_inside_a_name_and_any_ratio_of_a_small_one(files, tmp_path):
    sizes = {"x/a.csv": 4, "ml/a..b.csv": 0, "ml...x/c": 1, "zeros": 1 << 20}
    content = {name: bytes(size) for name, size in sizes.items()}
    found = members(files, archives.write_zip(tmp_path / "a.zip", {"x/": b"", **content}))
    assert {name: info.file_size for name, info in found.items()} == sizes


@pytest.mark.parametrize(
    ("offset", "value", "fault"),
    [
        (8, 1, "it is encrypted; pack the archive again without a password"),
        (10, 12, "it is compressed by method 12 of zip; pack the archive again with deflate"),
    ],
)
def test_an_encrypted_member_or_another_compression(files, good, offset, value, fault):
    archives.patch_directory(good, "x/a.csv", offset, "H", value)
    assert refused(files, good) == f"member 'x/a.csv': {fault}"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_duplicate_name(files, tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("ml/ratings.csv", "1")
        file.writestr("ml/ratings.csv", "2")
    assert refused(files, path) == (
        "member 'ml/ratings.csv': the name stands 2 times; pack the archive again"
    )


def test_the_ratio_is_allowed_up_to_its_limit(files, tmp_path):
    path = archives.write_zip(tmp_path / "a.zip", {"a": bytes(5000)})
    for packed, allowed in ((10_486, True), (10_485, False)):
        archives.patch_directory(path, "a", 20, "I", packed)
        archives.patch_directory(path, "a", 24, "I", 2_097_200)
        if allowed:
            assert list(members(files, path)) == ["a"]
        else:
            assert refused(files, path) == (
                "member 'a': 10485 bytes would inflate to 2097200, more than 200 times; "
                "do not use it, fetch GroupLens's own"
            )


def test_members_that_are_too_large_together(files, tmp_path):
    names = [f"m{n:03}" for n in range(257)]
    path = archives.write_zip(tmp_path / "a.zip", dict.fromkeys(names, b"1"))
    size = 0xFFFF_0000
    for name in names:
        archives.patch_directory(path, name, 20, "I", size // 100)
        archives.patch_directory(path, name, 24, "I", size)
    assert refused(files, path) == (
        f"its members would inflate to {257 * size} bytes, more than 1099511627776; "
        "do not use it, fetch GroupLens's own"
    )


def test_the_checksum_in_conf(files, good):
    actual = hashlib.sha256(good.read_bytes()).hexdigest()
    assert list(members(files, good, actual.upper())) == ["x/a.csv", "x/b.txt"]
    assert refused(files, good, "0" * 64) == (
        f"its sha256 is {actual}, not source.sha256 {'0' * 64}; "
        "fetch it again with `make data FORCE=1`, or set source.sha256 to null to take it as it is"
    )


def extract(files, path, name="a.csv", header=HEADER):
    with archive.open_archive(files, path.as_uri(), sha256=None) as opened:
        return b"".join(opened.read_rows(name, header=header))


def count(files, path, name="a.csv", header=HEADER):
    with archive.open_archive(files, path.as_uri(), sha256=None) as opened:
        return opened.count_rows(name, header=header)


def member_fault(files, path, name="a.csv", header=HEADER):
    """Return why a member is refused, by extraction and with the same message by a row count."""
    message = message_of(extract, files, path, name, header)
    assert message_of(count, files, path, name, header) == message
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
        (b"\xef\xbb\xbfa,b\n1,2\n", b"1,2\n"),
        (b'"a","b"\n1,2\n', b"1,2\n"),
        (b"a,b\r\n\r\n1\r2\n\r\n3", b"\r\n1\r2\n\r\n3"),
        (b"a,b\n" + LARGE, LARGE),
    ],
)
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_is_extracted_without_its_header(files, tmp_path, content, rows, compression):
    path = tmp_path / "a.zip"
    archives.write_zip(path, {"x": LARGE, "a.csv": content, "y": LARGE}, compression=compression)
    assert extract(files, path) == rows
    assert count(files, path) == len(rows.split())


def test_a_member_without_header_is_extracted_whole(files, tmp_path):
    content = {"a.csv": b"1::2\n", "empty": b"", "mark": b"\xef\xbb\xbf1::2\n"}
    path = archives.write_zip(tmp_path / "a.zip", content)
    assert extract(files, path, header=None) == b"1::2\n"
    assert extract(files, path, "mark", header=None) == b"1::2\n"
    assert extract(files, path, "empty", header=None) == b""
    assert count(files, path, header=None) == 1
    assert count(files, path, "empty", header=None) == 0


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "its first line is empty"),
        (b"a,b,c\n1,2\n", "its first line is 'a,b,c'"),
        (b"a", "its first line is 'a'"),
        (b" a,b\n", "its first line is ' a,b'"),
        (b"\n a,b\n", "its first line is empty"),
        ("a,b\n".encode("utf-16"), r"its first line is '\\xff\\xfea\x00,\x00b\x00'"),
        (b"x" * 5000, f"its first line is '{'x' * 80}'..."),
    ],
)
def test_a_wrong_first_line(files, tmp_path, content, fault):
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": content})
    assert member_fault(files, path) == (
        f"{fault}, not 'a,b'; use an archive of the layout in source.layout"
    )


CHECKSUM, PACKED, SIZE, PLACE = 16, 20, 24, 42
BAD_CRC = "Bad CRC-32 for file 'a.csv'"


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    ("offset", "value", "fault"),
    [
        (CHECKSUM, 12345, BAD_CRC),
        (SIZE, 8, BAD_CRC),
        (SIZE, 9, BAD_CRC),
        (SIZE, 11, "10 bytes instead of 11"),
        (SIZE, 5000, "10 bytes instead of 5000"),
        (PLACE, 1_000_000, "Truncated file header"),
        (PLACE, 3, "Bad magic number for file header"),
    ],
)
def test_content_that_does_not_fit_the_directory(
    files, tmp_path, compression, offset, value, fault
):
    content = {"a.csv": b"a,b\n1,2\n3\n"}
    path = archives.write_zip(tmp_path / "a.zip", content, compression=compression)
    archives.patch_directory(path, "a.csv", offset, "I", value)
    assert member_fault(files, path) == (
        f"its content is damaged ({fault}); fetch it again with `make data FORCE=1`"
    )


def test_content_never_exceeds_the_size_in_the_directory(files, tmp_path):
    path = archives.write_zip(tmp_path / "a.zip", {"a.csv": bytes(1 << 20)})
    archives.patch_directory(path, "a.csv", 24, "I", 1000)
    blocks = []
    with (
        archive.open_archive(files, path.as_uri(), sha256=None) as opened,
        pytest.raises(InputError, match="Bad CRC-32"),
    ):
        blocks.extend(opened.read_rows("a.csv", header=None))
    assert sum(map(len, blocks)) <= 1000
