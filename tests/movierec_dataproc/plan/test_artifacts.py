"""What is uploaded: under a name that follows from it, once, and never over anything else.

Covers `movierec_dataproc.google.bucket`.
"""

import os

import pytest

from movierec.errors import ConfigError, InputError, UserError
from movierec_dataproc.google import bucket as bucket_module
from movierec_dataproc.google.bucket import read_content
from movierec_dataproc.plan import artifacts
from tests.support.dataproc.cli_runner import BUCKET, CliRunner
from tests.support.paths import ROOT


@pytest.fixture
def bucket(storage_server):
    storage_server.create_bucket(BUCKET)
    return CliRunner().context().bucket()


def files(directory, **contents):
    directory.mkdir(exist_ok=True)
    paths = [directory / f"{name}.py" for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_text(content)
    return paths


def test_the_digest_follows_from_names_and_contents(tmp_path):
    first = artifacts.collect(files(tmp_path / "a", x="1", y="2")).digest
    assert len(first) == 12
    assert artifacts.collect(reversed(files(tmp_path / "b", x="1", y="2"))).digest == first
    for other in ({"x": "1"}, {"x": "2", "y": "1"}, {"x": "1", "z": "2"}, {"x": "12", "y": ""}):
        (tmp_path / "c").mkdir(exist_ok=True)
        assert artifacts.collect(files(tmp_path / "c", **other)).digest != first


def test_two_files_of_one_base_name_would_overwrite_each_other(tmp_path):
    paths = [*files(tmp_path / "a", x="1"), *files(tmp_path / "b", x="2")]
    with pytest.raises(ConfigError, match=r"x\.py: .*a/x\.py has the same base name"):
        artifacts.collect(paths)
    with pytest.raises(InputError, match="cannot be read"):
        artifacts.collect([tmp_path / "gone.py"])


def test_the_suite_has_every_file_of_a_job(tmp_path):
    zips = artifacts.build_packages()
    suite = artifacts.collect_suite(conf=ROOT / "conf" / "small.yaml", packages=zips)
    names = suite.artifacts.names()
    assert {"ingest.py", "run_all.py", "stage_in.py", "small.yaml"} <= set(names)
    assert suite.packages == tuple(path.name for path in zips)
    assert artifacts.collect_suite(conf=ROOT / "conf" / "small.yaml", packages=zips) == suite
    target = CliRunner().context().target
    digest = suite.artifacts.digest
    uri = suite.artifacts.uri(target, "ingest.py")
    assert uri == f"gs://{BUCKET}/movierec/artifacts/{digest}/ingest.py"
    with pytest.raises(InputError, match=r"gone\.py: not one of the files to upload"):
        suite.artifacts.uri(target, "gone.py")
    assert artifacts.collect_actions(None).names() == []
    with pytest.raises(InputError, match="run the command in a checkout"):
        artifacts.build_packages(tmp_path)


def test_existing_files_are_not_sent_again(bucket, storage_server, tmp_path):
    target = CliRunner().context().target
    found = artifacts.collect(files(tmp_path / "a", x="1", y="2"))
    sent = artifacts.upload(found, bucket=bucket, target=target)
    assert sent == [found.uri(target, "x.py"), found.uri(target, "y.py")]
    assert artifacts.upload(found, bucket=bucket, target=target) == []
    name = f"movierec/artifacts/{found.digest}/x.py"
    assert storage_server.get(BUCKET, name) == b"1"
    assert bucket.sha256(name) == found.files[0].sha256


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("theirs", [b"1", b"2", b"12"])
def test_an_object_of_our_name_is_compared_and_stays(
    storage_server, bucket, tmp_path, monkeypatch, theirs, late
):
    """A late one appears between our check and our upload: only the precondition notices."""
    (path,) = files(tmp_path / "a", x="1")
    storage_server.put(BUCKET, "x", theirs)
    if late:
        real, looks = bucket._bucket.get_blob, iter([None])
        monkeypatch.setattr(bucket._bucket, "get_blob", lambda name: next(looks, real(name)))
    if theirs == b"1":
        assert bucket.put_once("x", read_content(path)) is False
    else:
        expected = r"gs://suite/x: holds other bytes than .*x\.py and is never overwritten"
        with pytest.raises(InputError, match=expected):
            bucket.put_once("x", read_content(path))
    assert storage_server.get(BUCKET, "x") == theirs


def test_a_large_file_is_sent_in_parts(bucket, storage_server, tmp_path, monkeypatch):
    monkeypatch.setattr(bucket_module, "CHUNK_BYTES", 4 << 20)
    path = tmp_path / "large.zip"
    path.write_bytes(os.urandom((9 << 20) + 17))
    sizes: list[int] = []
    session = bucket._bucket.client._http
    real = session.request

    def request(method, url, **fields):
        if method == "PUT":
            sizes.append(len(fields["data"]))
        return real(method, url, **fields)

    monkeypatch.setattr(session, "request", request)
    assert bucket.put_once("large.zip", read_content(path))
    assert sizes == [4 << 20, 4 << 20, (1 << 20) + 17]
    assert storage_server.get(BUCKET, "large.zip") == path.read_bytes()
    assert not bucket.put_once("large.zip", read_content(path))


def test_a_missing_bucket_is_explained(storage_server, tmp_path):
    (path,) = files(tmp_path / "a", x="1")
    with pytest.raises(UserError, match=r"gs://suite/x: not found .*check the name"):
        CliRunner().context().bucket().put_once("x", read_content(path))
