"""Local files, read by plain Python and through Hadoop."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import pytest
from pyspark.sql import SparkSession

from movierec.errors import InputError
from movierec.spark import files as storage
from movierec.spark.files import Files, sha256_of
from movierec.spark.session import Session

TEXT = "naïve café 映画 🎬\nline two\n"


def no_spark() -> SparkSession:
    raise AssertionError("Spark was started")


@pytest.fixture
def plain() -> Files:
    """Files that fail the test if they use Spark."""
    return Files(no_spark)


@pytest.fixture
def hadoop(session: Session, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Files that read local paths through Hadoop, as they read hdfs: and gs:."""
    monkeypatch.setattr(storage, "is_local", lambda uri: False)
    return Files(session)


# --- reading local files, without Spark ---------------------------------------------------------


def test_local_text_is_read_as_utf8_without_spark(plain: Files, tmp_path: Path) -> None:
    (tmp_path / "x y").write_bytes(TEXT.encode("utf-8"))
    assert plain.read_text(f"file://{tmp_path}/x y") == TEXT


def test_a_missing_local_file_reads_as_none_without_spark(plain: Files, tmp_path: Path) -> None:
    assert plain.read_text(f"file://{tmp_path}/none/none") is None
    assert not plain.exists(f"file://{tmp_path}/none")


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 21) + 7])
def test_a_local_checksum_is_that_of_hashlib_without_spark(
    plain: Files, tmp_path: Path, size: int
) -> None:
    content = os.urandom(size)
    (tmp_path / "x").write_bytes(content)
    assert plain.sha256(f"file://{tmp_path}/x") == hashlib.sha256(content).hexdigest()


def test_a_directory_cannot_be_read_as_a_file(plain: Files, tmp_path: Path) -> None:
    uri = f"file://{tmp_path}"
    with pytest.raises(InputError, match=f"^{uri}: cannot be read: .*[Dd]irectory") as caught:
        plain.read_text(uri)
    assert caught.value.exit_code == 3
    with pytest.raises(InputError, match=f"^{uri}: cannot be read: Is a directory$"):
        plain.sha256(uri)


def test_text_that_is_not_utf8_is_an_input_error(plain: Files, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"caf\xe9")
    with pytest.raises(InputError) as caught:
        plain.read_text(f"file://{tmp_path}/x")
    assert str(caught.value) == (
        f"file://{tmp_path}/x: cannot be read: 'utf-8' codec can't decode byte 0xe9 in position "
        "3: unexpected end of data"
    )


# --- through Hadoop ------------------------------------------------------------------------------


def test_text_is_written_as_utf8_and_replaces_a_file(files: Files, tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/new/directory/x y"
    files.write_text(uri, "longer than the next text " * 9)
    files.write_text(uri, TEXT)
    assert (tmp_path / "new/directory/x y").read_bytes() == TEXT.encode("utf-8")
    assert files.read_text(uri) == TEXT


def test_a_directory_is_deleted_with_its_content(files: Files, tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x").touch()
    (tmp_path / "ab").touch()
    files.delete(f"file://{tmp_path}/a")
    assert [path.name for path in tmp_path.iterdir()] == ["ab"]


def test_hadoop_reads_the_same_as_plain_python(hadoop: Files, tmp_path: Path) -> None:
    content = TEXT.encode("utf-8") * 50_000
    (tmp_path / "x y").write_bytes(content)
    uri = f"file://{tmp_path}/x y"
    assert hadoop.read_text(uri) == TEXT * 50_000
    assert hadoop.sha256(uri) == hashlib.sha256(content).hexdigest()
    assert hadoop.exists(uri)
    assert hadoop.exists(f"file://{tmp_path}")


def test_a_missing_file_is_missing_through_hadoop_too(hadoop: Files, tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/none"
    assert hadoop.read_text(uri) is None
    assert not hadoop.exists(uri)
    missing = f"^{uri}: FileNotFoundException: File {uri.replace('//', '')}"
    with pytest.raises(InputError, match=missing):
        hadoop.sha256(uri)


@pytest.mark.parametrize("through", ["plain", "hadoop"])
def test_a_file_is_written_and_read_in_any_order(
    request: pytest.FixtureRequest, tmp_path: Path, through: str
) -> None:
    files: Files = request.getfixturevalue(through)
    content = os.urandom(300_000)
    uri = f"file://{tmp_path}/new/directory/x y"
    with files.create(uri) as file:
        file.writelines([content[:100_000], b"", content[100_000:]])
    assert (tmp_path / "new/directory/x y").read_bytes() == content
    with files.open(uri) as file:
        assert file.read(10) == content[:10]
        assert file.seek(-100, io.SEEK_END) == 299_900
        assert file.read() == content[-100:]
        assert sha256_of(file) == hashlib.sha256(content).hexdigest()


def test_temporary_files_are_below_spark_s_local_directory_and_deleted(
    hadoop: Files, spark: SparkSession, tmp_path: Path
) -> None:
    scratch = Path(spark.sparkContext._temp_dir)
    before = list(scratch.iterdir())
    target = tmp_path / "x"
    target.write_bytes(b"old")

    def fail(open_file: Callable[[str], AbstractContextManager[BinaryIO]]) -> None:
        with open_file(target.as_uri()) as file:
            assert Path(file.name).is_relative_to(scratch)
            raise ZeroDivisionError

    for open_file in (hadoop.open, hadoop.create):
        with pytest.raises(ZeroDivisionError):
            fail(open_file)
    assert target.read_bytes() == b"old"
    with pytest.raises(InputError, match="FileNotFoundException"), hadoop.open("file:///none"):
        pass
    assert list(scratch.iterdir()) == before


def test_a_full_disk_is_an_error_of_one_line(plain: Files) -> None:
    with pytest.raises(InputError) as caught, plain.create("file:///dev/full") as file:
        file.write(b"x")
    assert str(caught.value) == (
        "/dev/full: No space left on device; make room, there or in spark.local.dir"
    )


def test_free_space_is_that_of_the_file_system_also_for_a_path_that_does_not_exist(
    files: Files, tmp_path: Path
) -> None:
    for uri in (f"file://{tmp_path}", f"file://{tmp_path}/not/yet", "file:///"):
        free = files.free_space(uri)
        assert free is not None
    expected = shutil.disk_usage(tmp_path).free
    assert files.free_space(f"file://{tmp_path}/not/yet") == pytest.approx(expected, rel=0.05)


# Hadoop without the connector, and a URI without its slashes.
@pytest.mark.parametrize(
    ("uri", "message"),
    [
        (
            "gs://bucket/x",
            'gs://bucket/x: UnsupportedFileSystemException: No FileSystem for scheme "gs"',
        ),
        (
            "hdfs:data/x",
            "hdfs:data/x: IllegalArgumentException: java.net.URISyntaxException: Relative path in "
            "absolute URI: hdfs:data/x",
        ),
    ],
)
def test_an_unknown_file_system_is_an_input_error(files: Files, uri: str, message: str) -> None:
    for touch in (files.exists, files.delete, files.sha256):
        with pytest.raises(InputError) as caught:
            touch(uri)
        assert str(caught.value) == message
