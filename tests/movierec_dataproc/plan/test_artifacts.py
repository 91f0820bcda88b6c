"""What is uploaded: under a name that follows from it, once, and never over anything else.

Covers `movierec_dataproc.google.bucket`.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from movierec.errors import ConfigError, InputError, UserError
from movierec_dataproc.google import bucket as bucket_module
from movierec_dataproc.google.bucket import Bucket, read_content
from movierec_dataproc.plan.artifacts import (
    build_packages,
    collect,
    collect_actions,
    collect_suite,
    upload,
)
from tests.support.dataproc.cli_runner import BUCKET, CliRunner
from tests.support.dataproc.fake_storage import FakeStorage
from tests.support.paths import ROOT


@pytest.fixture
def bucket(storage_server: FakeStorage) -> Bucket:
    storage_server.create_bucket(BUCKET)
    return CliRunner().context().bucket()


def files(directory: Path, **contents: str) -> list[Path]:
    directory.mkdir(exist_ok=True)
    paths = [directory / f"{name}.py" for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_text(content)
    return paths


def test_the_digest_follows_from_names_and_contents(tmp_path: Path) -> None:
    first = collect(files(tmp_path / "a", x="1", y="2")).digest
    assert len(first) == 12
    assert collect(reversed(files(tmp_path / "b", x="1", y="2"))).digest == first
    for other in ({"x": "1"}, {"x": "2", "y": "1"}, {"x": "1", "z": "2"}, {"x": "12", "y": ""}):
        (tmp_path / "c").mkdir(exist_ok=True)
        assert collect(files(tmp_path / "c", **other)).digest != first


def test_two_files_of_one_base_name_would_overwrite_each_other(tmp_path: Path) -> None:
    paths = [*files(tmp_path / "a", x="1"), *files(tmp_path / "b", x="2")]
    with pytest.raises(ConfigError, match=r"x\.py: .*a/x\.py has the same base name"):
        collect(paths)
    with pytest.raises(InputError, match="cannot be read"):
        collect([tmp_path / "gone.py"])


def test_the_suite_has_every_file_of_a_job(tmp_path: Path) -> None:
    zips = build_packages()
    suite = collect_suite(conf=ROOT / "conf" / "small.yaml", packages=zips)
    names = suite.artifacts.names()
    assert {"ingest.py", "run_all.py", "stage_in.py", "small.yaml"} <= set(names)
    assert suite.packages == tuple(path.name for path in zips)
    assert collect_suite(conf=ROOT / "conf" / "small.yaml", packages=zips) == suite
    target = CliRunner().context().target
    digest = suite.artifacts.digest
    uri = suite.artifacts.uri(target, "ingest.py")
    assert uri == f"gs://{BUCKET}/movierec/artifacts/{digest}/ingest.py"
    with pytest.raises(InputError, match=r"gone\.py: not one of the files to upload"):
        suite.artifacts.uri(target, "gone.py")
    assert collect_actions(None).names() == []
    with pytest.raises(InputError, match="run the command in a checkout"):
        build_packages(tmp_path)


def test_existing_files_are_not_sent_again(
    bucket: Bucket, storage_server: FakeStorage, tmp_path: Path
) -> None:
    target = CliRunner().context().target
    artifacts = collect(files(tmp_path / "a", x="1", y="2"))
    sent = upload(artifacts, bucket=bucket, target=target)
    assert sent == [artifacts.uri(target, "x.py"), artifacts.uri(target, "y.py")]
    assert upload(artifacts, bucket=bucket, target=target) == []
    name = f"movierec/artifacts/{artifacts.digest}/x.py"
    assert storage_server.get(BUCKET, name) == b"1"
    assert bucket.sha256(name) == read_content(tmp_path / "a" / "x.py").sha256


@pytest.mark.parametrize("content", [b"2", b"12"])
def test_an_object_with_other_content_is_an_error_and_stays(
    bucket: Bucket, storage_server: FakeStorage, tmp_path: Path, content: bytes
) -> None:
    (path,) = files(tmp_path / "a", x="1")
    storage_server.put(BUCKET, "x", content)
    with pytest.raises(InputError, match=r"gs://suite/x: holds other bytes than .*x\.py"):
        bucket.put_once("x", read_content(path))
    assert storage_server.get(BUCKET, "x") == content


def test_of_parallel_uploads_one_succeeds(
    storage_server: FakeStorage, bucket: Bucket, tmp_path: Path
) -> None:
    content = read_content(files(tmp_path / "a", x="same")[0])
    other = read_content(files(tmp_path / "b", x="other")[0])
    sent: list[bool] = []
    start = threading.Barrier(4)

    def put() -> None:
        mine = CliRunner().context().bucket()
        start.wait()
        sent.append(mine.put_once("x", content))

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == [False, False, False, True]
    with pytest.raises(InputError):
        bucket.put_once("x", other)


def test_an_object_that_appears_before_our_upload_is_compared(
    storage_server: FakeStorage, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is created between our check and our upload: only the precondition notices."""
    (path,) = files(tmp_path / "a", x="mine")
    for theirs, fails in ((b"mine", False), (b"their", True)):
        storage_server.put(BUCKET, f"x{fails}", theirs)
        real, looks = bucket._bucket.get_blob, []

        def look(name: str, real=real, looks=looks) -> object:  # type: ignore[no-untyped-def]
            looks.append(name)
            return None if len(looks) == 1 else real(name)

        monkeypatch.setattr(bucket._bucket, "get_blob", look)
        if fails:
            with pytest.raises(InputError, match="never overwritten"):
                bucket.put_once(f"x{fails}", read_content(path))
        else:
            assert bucket.put_once(f"x{fails}", read_content(path)) is False
        assert storage_server.get(BUCKET, f"x{fails}") == theirs
        monkeypatch.undo()


def test_a_large_file_is_sent_in_parts(
    bucket: Bucket, storage_server: FakeStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "CHUNK_BYTES", 4 << 20)
    path = tmp_path / "large.zip"
    path.write_bytes(os.urandom((9 << 20) + 17))
    sizes: list[int] = []
    session = bucket._bucket.client._http
    real = session.request

    def request(method: str, url: str, **fields: Any) -> Any:
        if method == "PUT":
            sizes.append(len(fields["data"]))
        return real(method, url, **fields)

    monkeypatch.setattr(session, "request", request)
    assert bucket.put_once("large.zip", read_content(path))
    assert sizes == [4 << 20, 4 << 20, (1 << 20) + 17]
    assert storage_server.get(BUCKET, "large.zip") == path.read_bytes()
    assert not bucket.put_once("large.zip", read_content(path))


def test_a_missing_bucket_is_explained(storage_server: FakeStorage, tmp_path: Path) -> None:
    (path,) = files(tmp_path / "a", x="1")
    with pytest.raises(UserError, match=r"gs://suite/x: not found .*check the name"):
        CliRunner().context().bucket().put_once("x", read_content(path))
