"""Results that exist once their manifest does.

Covers `movierec.pipeline.manifest`.
"""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from pyspark.sql import types as t

from movierec.errors import InputError
from movierec.pipeline.manifest import MANIFEST
from movierec.pipeline.workspace import Workspace
from movierec.spark.files import Files
from tests.support.manifests import manifest

SCORES = t.StructType().add("movie_id", t.IntegerType()).add("score", t.DoubleType())
WHOLE = manifest(
    fingerprint="0123456789abcdef",
    attempt="20261101T120000Z-0a1b2c3d",
    rows={"scores": 2, "deep/er/scores": 0},
    facts={"named": "ünïcode", "none": None},
    warnings=["odd"],
)


@pytest.fixture
def plain(tmp_path):
    """A workspace that fails the test if it starts Spark."""
    return Workspace(f"file://{tmp_path}", Files(pytest.fail))


@pytest.fixture
def workspace(files, tmp_path):
    return Workspace(f"file://{tmp_path}", files)


@pytest.fixture
def place(tmp_path):
    """Where the manifest and the attempts of `toy` lie."""
    path = tmp_path / "toy" / "0123456789abcdef"
    path.mkdir(parents=True)
    return path


def scores(spark, *rows):
    return spark.createDataFrame(list(rows), "movie_id int, score double")


def publish(attempt):
    return attempt.publish(
        replace(WHOLE, attempt=attempt.name, rows=attempt.rows, sizes=attempt.sizes)
    )


# --- without Spark -------------------------------------------------------------------------------


def test_a_result_without_its_manifest_does_not_exist(plain, place):
    (place / "scores").mkdir()
    (place / "scores" / "part-0.parquet").touch()
    assert plain.find("toy", "0123456789abcdef") is None
    assert plain.find("toy", "fedcba9876543210") is None
    assert plain.find("other", "0123456789abcdef") is None


def test_a_manifest_cut_off_at_any_byte_counts_as_none(plain, place):
    whole = WHOLE.to_json().encode()
    # without its last byte, a line feed, it still says everything
    for length in range(len(whole) - 1):
        (place / "_manifest.json").write_bytes(whole[:length])
        assert plain.find("toy", "0123456789abcdef") is None, length
    (place / "_manifest.json").write_bytes(whole)
    assert plain.find("toy", "0123456789abcdef") is not None


def test_a_manifest_with_nan_is_an_error():
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        replace(WHOLE, facts={"score": float("nan")}).to_json()


def test_a_missing_dataset_is_an_error_with_the_names_of_the_others(plain, place):
    (place / "_manifest.json").write_text(WHOLE.to_json(), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        plain.find("toy", "0123456789abcdef").read(None, "score", SCORES)
    assert str(caught.value) == (
        f"file://{place}/{WHOLE.attempt}: there is no dataset 'score', only scores, deep/er/scores"
    )


# --- with Spark ----------------------------------------------------------------------------------


def test_a_published_result_is_found_and_read_in_the_order_of_the_schema(spark, workspace):
    attempt = workspace.begin("toy", "0123456789abcdef")
    attempt.write(scores(spark, (7, 0.5)).select("score", "movie_id"), "scores", SCORES)
    assert workspace.find("toy", "0123456789abcdef") is None
    publish(attempt)
    frame = workspace.find("toy", "0123456789abcdef").read(spark, "scores", SCORES)
    assert frame.columns == ["movie_id", "score"]
    assert [tuple(row) for row in frame.collect()] == [(7, 0.5)]


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_missing_or_truncated_part_is_an_error_with_a_fix(spark, workspace, harm):
    attempt = workspace.begin("toy", "0123456789abcdef")
    attempt.write(scores(spark, (1, 0.5)), "scores", SCORES)
    result = publish(attempt)
    directory = Path(result.path.removeprefix("file://"), "scores")
    (part,) = directory.glob("part-*")
    whole = sum(path.stat().st_size for path in directory.glob("part-*"))
    assert result.read(spark, "scores", SCORES).count() == 1
    harm(part)
    with pytest.raises(InputError) as caught:
        result.read(spark, "scores", SCORES)
    assert str(caught.value) == (
        f"{result.path}/scores: 0 of {whole:,} bytes are there: a file is gone or cut off; "
        "make the stage toy again with FORCE=1 (--force)"
    )


def test_a_result_stays_until_the_one_that_replaces_it_is_published(workspace):
    first = workspace.begin("toy", "0123456789abcdef")
    first.write_text("summary.json", "1")
    old = publish(first)
    second = workspace.begin("toy", "0123456789abcdef")
    second.write_text("summary.json", "2")
    assert workspace.find("toy", "0123456789abcdef") == old
    assert workspace.files.read_text(f"{old.path}/summary.json") == "1"
    new = publish(second)
    assert workspace.find("toy", "0123456789abcdef") == new
    assert workspace.files.read_text(f"{new.path}/summary.json") == "2"
    assert not workspace.files.exists(old.path)


def test_of_two_runs_at_once_the_first_to_end_counts_for_both(workspace, place):
    slow, fast = (workspace.begin("toy", "0123456789abcdef") for _ in range(2))
    for attempt in (slow, fast):
        attempt.write_text("summary.json", attempt.name)
    won = publish(fast)
    assert publish(slow) == won
    assert workspace.find("toy", "0123456789abcdef") == won
    assert workspace.files.names(place.as_uri()) == [fast.name, MANIFEST]


def test_abandoned_attempts_are_deleted_when_the_next_begins(workspace, place):
    day = timedelta(days=1)
    now = datetime.now(timezone.utc)
    old, young = (f"{now - age:%Y%m%dT%H%M%SZ}-00000000" for age in (1.1 * day, 0.9 * day))
    for name in (old, young, "mine"):
        (place / name).mkdir()
        (place / name / "part").touch()
    neighbour = place.with_name("fedcba9876543210") / old
    neighbour.mkdir(parents=True)
    workspace.begin("toy", "0123456789abcdef")
    assert sorted(path.name for path in place.iterdir()) == sorted([young, "mine"])
    assert neighbour.exists()
