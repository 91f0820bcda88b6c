"""Results that exist once their manifest does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chispa import assert_df_equality
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as t

from movierec.errors import InputError
from movierec.session import Session
from movierec.storage import Files
from movierec.workspace import MANIFEST, Draft, Manifest, Workspace

SCORES = t.StructType().add("movie_id", t.IntegerType()).add("score", t.DoubleType())
WHOLE = Manifest(
    stage="toy",
    fingerprint="0123456789abcdef",
    version=2,
    config={"partition": {"seed": 1}},
    inputs={"archive": "a" * 64},
    rows={"scores": 2, "deep/er/scores": 0},
    facts={"named": "ünïcode", "none": None},
    steps={"split": 0.25},
    seconds=1.5,
    versions={"spark": "4.1.2"},
    warnings=["odd"],
)


def no_spark() -> SparkSession:
    raise AssertionError("Spark was started")


@pytest.fixture
def plain(tmp_path: Path) -> Workspace:
    """A workspace that fails the test where it reaches for Spark."""
    return Workspace(f"file://{tmp_path}", Files(no_spark))


@pytest.fixture
def workspace(session: Session, tmp_path: Path) -> Workspace:
    return Workspace(f"file://{tmp_path}", Files(session))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the result of `toy` lies."""
    path = tmp_path / "toy" / "0123456789abcdef"
    path.mkdir(parents=True)
    return path


def scores(spark: SparkSession, *rows: tuple[int, float]) -> DataFrame:
    return spark.createDataFrame(list(rows), "movie_id int, score double")


def files_below(path: Path) -> list[str]:
    return sorted(str(one.relative_to(path)) for one in path.rglob("*") if one.is_file())


# --- without Spark -------------------------------------------------------------------------------


def test_a_result_lies_below_its_stage_and_fingerprint(plain: Workspace, tmp_path: Path) -> None:
    assert plain.path("toy", "0123456789abcdef") == f"file://{tmp_path}/toy/0123456789abcdef"


def test_a_result_with_its_manifest_exists(plain: Workspace, place: Path) -> None:
    (place / "_manifest.json").write_text(WHOLE.to_json(), encoding="utf-8")
    result = plain.find("toy", "0123456789abcdef")
    assert result is not None
    assert result.manifest == WHOLE
    assert result.path == f"file://{place}"


def test_a_result_without_its_manifest_does_not_exist(plain: Workspace, place: Path) -> None:
    (place / "scores").mkdir()
    (place / "scores" / "part-0.parquet").touch()
    assert plain.find("toy", "0123456789abcdef") is None
    assert plain.find("toy", "fedcba9876543210") is None
    assert plain.find("other", "0123456789abcdef") is None


def test_a_manifest_cut_off_at_any_byte_counts_as_none(plain: Workspace, place: Path) -> None:
    whole = WHOLE.to_json().encode()
    # without its last byte, a line feed, it still says everything
    for length in range(len(whole) - 1):
        (place / "_manifest.json").write_bytes(whole[:length])
        assert plain.find("toy", "0123456789abcdef") is None, length
    (place / "_manifest.json").write_bytes(whole)
    assert plain.find("toy", "0123456789abcdef") is not None


@pytest.mark.parametrize("text", ["[]", "7", "null", "{}", '{"stage": "toy"}', "x"])
def test_what_is_no_manifest_counts_as_none(plain: Workspace, place: Path, text: str) -> None:
    (place / "_manifest.json").write_text(text, encoding="utf-8")
    assert plain.find("toy", "0123456789abcdef") is None


def test_a_manifest_of_another_suite_version_counts_as_none(plain: Workspace, place: Path) -> None:
    more: dict[str, Any] = json.loads(WHOLE.to_json()) | {"later": 1}
    (place / "_manifest.json").write_text(json.dumps(more), encoding="utf-8")
    assert plain.find("toy", "0123456789abcdef") is None


def test_a_manifest_never_holds_what_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        replace(WHOLE, facts={"score": float("nan")}).to_json()


def test_a_dataset_that_the_result_has_not_is_named_with_those_it_has(
    plain: Workspace, place: Path
) -> None:
    (place / "_manifest.json").write_text(WHOLE.to_json(), encoding="utf-8")
    result = plain.find("toy", "0123456789abcdef")
    assert result is not None
    with pytest.raises(InputError) as caught:
        result.read(None, "score", SCORES)  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"file://{place}: there is no dataset 'score', only scores, deep/er/scores"
    )


# --- with Spark ----------------------------------------------------------------------------------


def test_a_written_dataset_is_counted_and_read_back(
    spark: SparkSession, workspace: Workspace
) -> None:
    draft = workspace.begin("toy", "0123456789abcdef")
    frame = scores(spark, (1, 0.5), (2, 0.25))
    written = draft.write(frame, "deep/er/scores", SCORES)
    assert_df_equality(written, frame, ignore_nullable=True, ignore_row_order=True)
    assert written.inputFiles()
    draft.write(frame.limit(0), "scores", SCORES)
    assert draft.rows == {"deep/er/scores": 2, "scores": 0}


def test_a_published_result_is_found_and_read_in_the_order_of_the_schema(
    spark: SparkSession, workspace: Workspace
) -> None:
    draft = workspace.begin("toy", "0123456789abcdef")
    draft.write(scores(spark, (7, 0.5)).select("score", "movie_id"), "scores", SCORES)
    assert workspace.find("toy", "0123456789abcdef") is None
    draft.publish(replace(WHOLE, rows=draft.rows))
    result = workspace.find("toy", "0123456789abcdef")
    assert result is not None
    frame = result.read(spark, "scores", SCORES)
    assert frame.columns == ["movie_id", "score"]
    assert [tuple(row) for row in frame.collect()] == [(7, 0.5)]


def test_an_empty_dataset_reads_as_an_empty_frame(
    spark: SparkSession, workspace: Workspace
) -> None:
    draft = workspace.begin("toy", "0123456789abcdef")
    draft.write(scores(spark, (1, 0.5)).limit(0), "scores", SCORES)
    result = draft.publish(replace(WHOLE, rows=draft.rows))
    assert result.read(spark, "scores", SCORES).count() == 0


def test_every_fault_of_a_frame_is_named_at_once_and_nothing_is_written(
    spark: SparkSession, workspace: Workspace, tmp_path: Path
) -> None:
    frame = scores(spark, (1, 0.5)).select(
        F.col("movie_id").cast("bigint"), F.lit("x").alias("extra"), F.lit(1).alias("more")
    )
    draft = workspace.begin("toy", "0123456789abcdef")
    with pytest.raises(ValueError, match=r"^the frame does not conform: ") as caught:
        draft.write(frame, "scores", SCORES)
    assert str(caught.value) == (
        "the frame does not conform: score is missing; extra is not in the schema; "
        "more is not in the schema; movie_id is bigint, not int"
    )
    assert files_below(tmp_path) == []
    assert draft.rows == {}


def test_a_dataset_is_written_once(spark: SparkSession, workspace: Workspace) -> None:
    draft = workspace.begin("toy", "0123456789abcdef")
    draft.write(scores(spark, (1, 0.5)), "scores", SCORES)
    with pytest.raises(AnalysisException, match="PATH_ALREADY_EXISTS"):
        draft.write(scores(spark, (1, 0.5)), "scores", SCORES)


def test_small_texts_lie_beside_the_datasets(workspace: Workspace, place: Path) -> None:
    draft = workspace.begin("toy", "0123456789abcdef")
    draft.write_text("summary.json", "{}\n")
    assert (place / "summary.json").read_text(encoding="utf-8") == "{}\n"


class Recording(Files):
    """Files that note what is deleted while the manifest is still there."""

    def __init__(self, session: Session, manifest: Path) -> None:
        super().__init__(session)
        self.manifest = manifest
        self.deleted: list[tuple[str, bool]] = []

    def delete(self, uri: str) -> None:
        self.deleted.append((uri, self.manifest.exists()))
        super().delete(uri)


def test_beginning_removes_the_old_result_manifest_first(session: Session, place: Path) -> None:
    (place / "_manifest.json").write_text(WHOLE.to_json(), encoding="utf-8")
    (place / "scores").mkdir()
    (place / "scores" / "part-0.parquet").touch()
    neighbour = place.with_name("fedcba9876543210")
    neighbour.mkdir()
    (neighbour / MANIFEST).write_text(WHOLE.to_json(), encoding="utf-8")
    files = Recording(session, place / MANIFEST)
    workspace = Workspace(f"file://{place.parents[1]}", files)
    draft = workspace.begin("toy", "0123456789abcdef")
    assert files.deleted == [
        (f"file://{place}/_manifest.json", True),
        (f"file://{place}", False),
    ]
    assert draft.path == f"file://{place}"
    assert files_below(place.parents[1]) == ["toy/fedcba9876543210/_manifest.json"]


def test_discarding_removes_what_was_written(
    spark: SparkSession, workspace: Workspace, tmp_path: Path
) -> None:
    draft: Draft = workspace.begin("toy", "0123456789abcdef")
    draft.write(scores(spark, (1, 0.5)), "scores", SCORES)
    assert files_below(tmp_path)
    draft.discard()
    assert files_below(tmp_path) == []
