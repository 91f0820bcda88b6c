"""Archives before a run: they exist, are the right ones, are complete, and how large they are."""

import hashlib
from types import SimpleNamespace
from typing import Any

import pytest

from movierec.doctor.archive import (
    check_absence,
    check_rating_count,
    count_ratings,
    expected_ratings,
)
from movierec.doctor.check_result import CheckResult
from movierec.errors import InputError
from tests.support import archives
from tests.support.confs import tiny_conf

GENERATE = {"users": 3, "movies": 9, "ratings": 20, "seed": 1}


def counted(files, path, **overrides):
    source = tiny_conf("w", path, **overrides).source
    return count_ratings(files, path.as_uri(), source=source)


@pytest.mark.parametrize(
    ("layout", "ratings"), [("latest", 5), ("ml-1m", 3), ("ml-10m", 3), ("ml-100k", 3)]
)
def test_every_layout_is_counted(files, tmp_path, layout, ratings):
    path = archives.layout_archive(tmp_path / "a.zip", layout)
    assert counted(files, path) == (layout, ratings)


@pytest.mark.parametrize("member", ["ratings.csv", "genome-scores.csv"])
def test_damage_anywhere_is_found(files, tmp_path, member):
    name = f"ml-latest-tiny/{member}"
    path = archives.patch_directory(archives.latest(tmp_path / "a.zip"), name, 16, "I", 1)
    with pytest.raises(InputError, match=rf"member '{name}': its content .*; fetch"):
        counted(files, path)


def test_another_archive_than_that_of_conf(files, tmp_path):
    path = archives.latest(tmp_path / "a.zip")
    good = hashlib.sha256(path.read_bytes()).hexdigest()
    assert counted(files, path, source__sha256=good)[1] == 5
    with pytest.raises(InputError, match=r"not source\.sha256 1111"):
        counted(files, path, source__sha256="1" * 64)


def test_no_rating_at_all(files, tmp_path):
    header = {"ratings.csv": "userId,movieId,rating,timestamp\r\n"}
    path = archives.latest(tmp_path / "a.zip", header)
    with pytest.raises(InputError, match="it has no ratings; use another archive"):
        counted(files, path)


def test_a_missing_archive(files, tmp_path):
    path = tmp_path / "a.zip"
    source = tiny_conf("w", path).source
    absent = check_absence(files, path.as_uri(), source=source)
    assert absent is not None
    assert (absent.state, absent.found) == ("error", f"there is no {path.as_uri()}")
    assert absent.fix == "fetch it with `make data` or name another with ARCHIVE="
    archives.latest(path)
    assert check_absence(files, path.as_uri(), source=source) is None


def test_an_archive_that_a_run_generates_may_be_missing(files, tmp_path):
    source = tiny_conf("w", "a", source__generate=GENERATE).source
    absent = check_absence(files, (tmp_path / "a.zip").as_uri(), source=source)
    assert absent is not None
    assert absent.state == "ok"
    assert expected_ratings(source) == 20
    assert expected_ratings(tiny_conf("w", "a", source__expected_ratings=7).source) == 7
    assert expected_ratings(tiny_conf("w", "a").source) is None


@pytest.mark.parametrize(
    ("uri", "command"),
    [("hdfs:///a.zip", "make submit JOB=stage_in"), ("gs://b/a.zip", "make upload")],
)
def test_an_archive_for_a_cluster_is_not_generated_there(uri, command):
    nowhere: Any = SimpleNamespace(exists=lambda uri: False)
    source = tiny_conf("w", "a", source__generate=GENERATE).source
    absent = check_absence(nowhere, uri, source=source)
    assert absent == CheckResult(
        "archive", "error", f"there is no {uri}", f"copy it there with `{command}`"
    )


def test_as_many_ratings_as_conf_says():
    assert check_rating_count(100_836, expected=None).state == "ok"
    wrong = check_rating_count(100_835, expected=100_836)
    assert wrong.state == "error"
    assert "source.expected_ratings to null" in wrong.fix
