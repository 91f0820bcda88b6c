"""Local files, read by plain Python and through Hadoop."""

import hashlib
import io
import os
from pathlib import Path

import pytest

from movierec.errors import InputError
from movierec.spark import files as storage
from movierec.spark.files import Files, sha256_of

TEXT = "naïve café 映画 🎬\nline two\n"


@pytest.fixture
def plain():
    """Files that fail the test if they use Spark."""
    return Files(pytest.fail)


@pytest.fixture
def hadoop(session, monkeypatch):
    """Files that read local paths through Hadoop, as they read hdfs: and gs:."""
    monkeypatch.setattr(storage, "is_local", lambda uri: False)
    return Files(session)


# --- reading local files, without Spark ---------------------------------------------------------


def test_a_directory_or_text_that_is_not_utf8_is_an_input_error(plain, tmp_path):
    (tmp_path / "x").write_bytes(b"caf\xe9")
    for path, fault in ((tmp_path, ".*[Dd]irectory"), (tmp_path / "x", "'utf-8' codec")):
        with pytest.raises(InputError, match=f"^file://{path}: cannot be read: {fault}"):
            plain.read_text(f"file://{path}")


# --- through Hadoop ------------------------------------------------------------------------------


def test_text_is_written_as_utf8_and_replaces_a_file(files, tmp_path):
    uri = f"file://{tmp_path}/new/directory/x y"
    files.write_text(uri, "longer than the next text " * 9)
    files.write_text(uri, TEXT)
    assert (tmp_path / "new/directory/x y").read_bytes() == TEXT.encode("utf-8")
    assert files.read_text(uri) == TEXT


def test_hadoop_reads_the_same_as_plain_python(hadoop, tmp_path):
    content = TEXT.encode("utf-8") * 50_000
    (tmp_path / "x y").write_bytes(content)
    uri = f"file://{tmp_path}/x y"
    assert hadoop.read_text(uri) == TEXT * 50_000
    assert hadoop.sha256(uri) == hashlib.sha256(content).hexdigest()
    assert hadoop.exists(uri)
    assert hadoop.exists(f"file://{tmp_path}")


@pytest.mark.parametrize("through", ["plain", "hadoop"])
def test_a_file_is_written_and_read_in_any_order(request, tmp_path, through):
    files = request.getfixturevalue(through)
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


def test_temporary_files_are_below_spark_s_local_directory_and_deleted(hadoop, spark, tmp_path):
    scratch = Path(spark.sparkContext._temp_dir)
    before = list(scratch.iterdir())
    target = tmp_path / "x"
    target.write_bytes(b"old")

    def fail(open_file):
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


def test_a_full_disk_is_an_error_of_one_line(plain):
    with pytest.raises(InputError) as caught, plain.create("file:///dev/full") as file:
        file.write(b"x")
    assert str(caught.value) == (
        "/dev/full: No space left on device; make room, there or in spark.local.dir"
    )


# Hadoop without the connector, and a URI without its slashes.
@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("gs://bucket/x", 'UnsupportedFileSystemException: No FileSystem for scheme "gs"'),
        (
            "hdfs:data/x",
            "IllegalArgumentException: java.net.URISyntaxException: Relative path in absolute URI: "
            "hdfs:data/x",
        ),
    ],
)
def test_an_unknown_file_system_is_an_input_error(files, uri, message):
    for touch in (files.exists, files.delete, files.sha256):
        with pytest.raises(InputError) as caught:
            touch(uri)
        assert str(caught.value) == f"{uri}: {message}"
