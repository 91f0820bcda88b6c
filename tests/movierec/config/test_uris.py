"""Paths and URIs become absolute URIs; others are refused; how an archive gets there."""

from pathlib import Path

import pytest

from movierec.config.uris import missing_archive, resolve_uri
from movierec.errors import ConfigError


@pytest.mark.parametrize(
    ("value", "uri"),
    [
        ("data/ml.zip", "file://{cwd}/data/ml.zip"),
        ("./data//x/../ml.zip", "file://{cwd}/data/ml.zip"),
        ("a/b:c", "file://{cwd}/a/b:c"),
        ("/data/", "file:///data"),
        ("/", "file:///"),
        ("file:data/ml.zip", "file://{cwd}/data/ml.zip"),
        ("file:///data/", "file:///data"),
        ("hdfs://namenode:8020/data/", "hdfs://namenode:8020/data"),
        ("gs://bucket/", "gs://bucket"),
        ("~", "file:///home/me"),
        ("~/data/../ml.zip/", "file:///home/me/ml.zip"),
        ("file:~/data", "file:///home/me/data"),
        ("file:///~/data", "file:///~/data"),
        ("a/~/b", "file://{cwd}/a/~/b"),
        ("~no-such-user/x", "file://{cwd}/~no-such-user/x"),
        ("hdfs:~/x", "hdfs:~/x"),
        ("gs://~/x", "gs://~/x"),
    ],
)
def test_a_path_or_uri_becomes_an_absolute_uri(value, uri, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert resolve_uri(value, key="workspace") == uri.format(cwd=Path.cwd())


BAD_URIS = {
    "s3://bucket/x": "'s3://bucket/x' has the scheme s3:, not one of file:, hdfs:, gs:",
    "FILE:///x": "'FILE:///x' has the scheme FILE:, not one of file:, hdfs:, gs:",
    r"C:\data": r"'C:\\data' has the scheme C:, not one of file:, hdfs:, gs:",
    "file://host/data": "'file://host/data' names a host; write file:///path",
}


@pytest.mark.parametrize("value", BAD_URIS)
def test_another_scheme_or_a_host_is_refused_with_the_key_and_the_value(value):
    with pytest.raises(ConfigError) as caught:
        resolve_uri(value, key="source.archive")
    (problem,) = caught.value.problems
    assert problem.startswith(f"source.archive: {BAD_URIS[value]}")
    assert problem.endswith("; for a file of that name put ./ in front") == ("scheme" in problem)


@pytest.mark.parametrize(
    ("uri", "how"),
    [
        ("file:///a.zip", "fetch it with `make data` or name another with ARCHIVE="),
        ("hdfs:///a.zip", "copy it there with `make submit JOB=stage_in`"),
        ("gs://b/a.zip", "copy it there with `make upload`"),
    ],
)
def test_a_missing_archive_is_reported_with_the_command_that_provides_it(uri, how):
    error = missing_archive(uri)
    assert error.exit_code == 3
    assert str(error) == f"source.archive: there is no {uri}; {how}"
