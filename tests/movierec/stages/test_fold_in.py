"""Users who come after the fit."""

import json

import pytest

from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import run_stage
from movierec.results import Run
from movierec.stages import deliver, fold_in
from tests.support.in_process import run_job


@pytest.fixture(scope="module")
def results(session, finished_run):
    return Run(Execution(finished_run.config, session))


def test_new_users_with_the_ratings_of_old_ones_get_their_lists(
    spark, session, results, finished_run, tmp_path, monkeypatch, capsys
):
    rows = [
        (row.user_id + 1000, row.movie_id, row.rating)
        for row in results.read("ingest", "ratings").where("user_id <= 20").collect()
    ]
    text = "".join(f"{user},{movie},{rating},0\n" for user, movie, rating in sorted(rows))
    new = tmp_path / "new.csv"
    new.write_text(f"userId,movieId,rating,timestamp\n{text}2000,1,0.5,0\n")
    words = [*finished_run.words, "--ratings", str(new), "--to", str(tmp_path / "out")]
    assert run_job("fold_in", words, session=session, patch=monkeypatch) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["users"], summary["users_without_list"]) == (21, 1)
    assert spark.read.parquet(f"{summary['output']}/factors").count() == 21
    found = spark.read.parquet(f"{summary['output']}/recommendations")
    delivered = results.delivered().where("user_id <= 20 AND source = 'als'")
    columns = ["user_id", "movie_id", "rank"]
    expected = delivered.selectExpr("user_id + 1000", "movie_id", "rank").collect()
    assert sorted(found.select(columns).collect()) == sorted(expected)
    # by all their ratings, as anybody's who comes later, and so not always as by those of train
    found = spark.read.parquet(f"{summary['output']}/segments")
    segments = {row.user_id - 1000: row.segment for row in found.collect()}
    own = {row.user_id: row.segment for row in results.members().collect()}
    assert segments.pop(1000) is None
    assert sum(own[user] == segment for user, segment in segments.items()) >= 16
    # once more, and it is there already
    assert run_job("fold_in", words, session=session, patch=monkeypatch) == 2
    assert "it is there already" in capsys.readouterr().err


def test_with_ease_new_users_get_the_lists_of_old_ones(
    spark, session, finished_run, tmp_path, monkeypatch, capsys
):
    execution = finished_run.copied(tmp_path, session, "deliver.model=ease")
    run_stage(execution, dag.DELIVER, deliver.run)
    results = Run(execution)
    old = results.read("ingest", "ratings").where("user_id <= 20")
    rows = old.selectExpr("user_id + 1000 AS userId", "movie_id AS movieId", "rating")
    rows.coalesce(1).write.option("header", True).csv(str(tmp_path / "new"))
    words = [*finished_run.words, "--set", f"workspace={tmp_path / 'workspace'}"]
    words += ["--set", "deliver.model=ease"]
    words += ["--ratings", str(tmp_path / "new"), "--to", str(tmp_path / "out")]
    assert run_job("fold_in", words, session=session, patch=monkeypatch) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["users"], summary["users_without_list"]) == (20, 0)
    found = spark.read.parquet(f"{summary['output']}/recommendations")
    expected = results.delivered().where("user_id <= 20").drop("source")
    expected = expected.withColumn("user_id", expected.user_id + 1000)
    assert found.count() == 2000
    assert found.exceptAll(expected.select(found.columns)).isEmpty()
    assert not (tmp_path / "out" / "factors").exists()


def test_factors_without_lists_are_deleted(session, finished_run, tmp_path, monkeypatch):
    def fails(*_, **__):
        raise InputError("no lists")

    (tmp_path / "new.csv").write_text("userId,movieId,rating\n1,1,5\n")
    monkeypatch.setattr(fold_in, "recommend", fails)
    words = ["--ratings", str(tmp_path / "new.csv"), "--to", str(tmp_path / "out")]
    words = [*finished_run.words, *words]
    assert run_job("fold_in", words, session=session, patch=monkeypatch) == 3
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("userId,movieId\n1,2\n", "the columns userId, movieId, rating were expected; rating is"),
        ("userId,movieId,rating\n", "it holds no rating"),
        ("userId,movieId,rating\n1,2,6\n", "1,2,6 is no rating: whole ids and 0.5 to 5 stars"),
        ("userId,movieId,rating\n1,x,4\n", "1,x,4 is no rating"),
        ("userId,movieId,rating\n1,2,4\n1,2,5\n", "user 1 rates movie 2 2 times"),
        (None, "Path does not exist"),
    ],
)
def test_what_is_no_rating(spark, tmp_path, text, message):
    path = tmp_path / "new.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError) as raised:
        fold_in.read_ratings(spark, str(path))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
