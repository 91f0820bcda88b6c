"""Paths and URIs become absolute URIs; others are refused; how an archive gets there."""

from __future__ import annotations

from pathlib import Path

import pytest

from movierec.config.uris import is_local, local_path, missing_archive, resolve_uri
from movierec.errors import ConfigError


@pytest.mark.parametrize(
    ("value", "uri"),
    [
        ("data/ml.zip", "file://{cwd}/data/ml.zip"),
        ("./data//x/../ml.zip", "file://{cwd}/data/ml.zip"),
        ("data/", "file://{cwd}/data"),
        ("a/b:c", "file://{cwd}/a/b:c"),
        ("with space/é", "file://{cwd}/with space/é"),
        ("/data/ml.zip", "file:///data/ml.zip"),
        ("/data/", "file:///data"),
        ("/", "file:///"),
        ("file:data/ml.zip", "file://{cwd}/data/ml.zip"),
        ("file:/data/ml.zip", "file:///data/ml.zip"),
        ("file:///data/ml.zip", "file:///data/ml.zip"),
        ("file:///data/", "file:///data"),
        ("hdfs:///data/ml.zip", "hdfs:///data/ml.zip"),
        ("hdfs://namenode:8020/data/", "hdfs://namenode:8020/data"),
        ("gs://bucket/a/b", "gs://bucket/a/b"),
        ("gs://bucket/", "gs://bucket"),
    ],
)
def test_a_path_or_uri_becomes_an_absolute_uri(
    value: str, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve_uri(value, key="workspace") == uri.format(cwd=Path.cwd())


@pytest.mark.parametrize(
    ("value", "scheme"),
    [
        ("s3://bucket/x", "s3"),
        ("http://host/x", "http"),
        ("FILE:///x", "FILE"),
        (r"C:\data\ml.zip", "C"),
        ("C:/data/ml.zip", "C"),
        ("x:", "x"),
    ],
)
def test_another_scheme_is_refused_with_the_key_and_the_value(value: str, scheme: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_uri(value, key="source.archive")
    shown = {r"C:\data\ml.zip": r"C:\\data\\ml.zip"}.get(value, value)
    assert caught.value.problems == [
        f"source.archive: '{shown}' has the scheme {scheme}:, not one of file:, hdfs:, gs:"
    ]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("~", "/home/me"),
        ("~/data/ml.zip", "/home/me/data/ml.zip"),
        ("~/data/../ml.zip/", "/home/me/ml.zip"),
        ("file:~/data", "/home/me/data"),
        ("file:///~/data", "/~/data"),
        ("a/~/b", "{cwd}/a/~/b"),
        ("a~", "{cwd}/a~"),
        ("~no-such-user/x", "{cwd}/~no-such-user/x"),
    ],
)
def test_a_tilde_in_front_is_the_home_directory(
    value: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert resolve_uri(value, key="workspace") == "file://" + path.format(cwd=Path.cwd())


@pytest.mark.parametrize("value", ["hdfs:~/x", "hdfs:///~/x", "gs://~/x", "gs://bucket/~"])
def test_a_tilde_on_another_file_system_stays(value: str) -> None:
    assert resolve_uri(value, key="workspace") == value


def test_a_file_uri_with_a_host_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_uri("file://host/data", key="workspace")
    assert caught.value.problems == [
        "workspace: 'file://host/data' names a host; write file:///path"
    ]


def test_only_file_uris_are_local() -> None:
    assert is_local("file:///data/x")
    assert not is_local("hdfs:///data/x")
    assert not is_local("gs://bucket/x")
    assert local_path("file:///data/x y") == "/data/x y"


@pytest.mark.parametrize(
    ("uri", "how"),
    [
        ("file:///a.zip", "fetch it with `make data` or name another with ARCHIVE="),
        ("hdfs:///a.zip", "copy it there with `make submit JOB=stage_in`"),
        ("gs://b/a.zip", "copy it there with `make upload`"),
    ],
)
def test_a_missing_archive_is_reported_with_the_command_that_provides_it(
    uri: str, how: str
) -> None:
    error = missing_archive(uri)
    assert error.exit_code == 3
    assert str(error) == f"source.archive: there is no {uri}; {how}"
