"""Archives before a run: they exist, are the right ones, are complete, and how large they are."""

import hashlib
from types import SimpleNamespace

import pytest

from movierec.doctor.archive import (
    check_absence,
    check_rating_count,
    count_ratings,
    expected_ratings,
)
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


@pytest.mark.parametrize(
    ("uri", "generate", "state", "fix"),
    [
        ("file:///a.zip", None, "error", "fetch it with `make data` or name another with ARCHIVE="),
        ("file:///a.zip", GENERATE, "ok", ""),
        # it would be generated on this machine
        ("hdfs:///a.zip", GENERATE, "error", "copy it there with `make submit JOB=stage_in`"),
        ("gs://b/a.zip", GENERATE, "error", "copy it there with `make upload`"),
    ],
)
def test_a_missing_archive_is_an_error_unless_a_run_generates_it(uri, generate, state, fix):
    nowhere = SimpleNamespace(exists=lambda uri: False)
    source = tiny_conf("w", "a", source__generate=generate).source
    absent = check_absence(nowhere, uri, source=source)
    assert (absent.name, absent.state, absent.fix) == ("archive", state, fix)
    assert absent.found.startswith(f"there is no {uri}")
    anywhere = SimpleNamespace(exists=lambda uri: True)
    assert check_absence(anywhere, uri, source=source) is None


@pytest.mark.parametrize(
    ("keys", "ratings"),
    [({"generate": GENERATE}, 20), ({"expected_ratings": 7}, 7), ({}, None)],
)
def test_the_ratings_to_expect_are_those_of_conf_or_those_generated(keys, ratings):
    overrides = {f"source__{name}": value for name, value in keys.items()}
    assert expected_ratings(tiny_conf("w", "a", **overrides).source) == ratings


def test_as_many_ratings_as_conf_says():
    assert check_rating_count(100_836, expected=None).state == "ok"
    wrong = check_rating_count(100_835, expected=100_836)
    assert wrong.state == "error"
    assert "source.expected_ratings to null" in wrong.fix
