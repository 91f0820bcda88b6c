"""What to watch next, for a user of the data and for anybody.

Covers `movierec_cli.scorers`.
"""

import json
import shutil

import pytest

from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import run_stage
from movierec.results import Run
from movierec.spark.session import Session
from movierec.stages import deliver
from movierec_cli import ask
from tests.support.finished import shrink_ease


@pytest.fixture
def run(monkeypatch, capsys, finished_run):
    """Ask; return the exit code, the lines of output, the summary, and the errors."""

    def no_spark(*_):
        raise AssertionError("ask starts Spark")

    monkeypatch.setattr(Session, "__call__", no_spark)

    def asked(*words, more=()):
        code = ask.main([*finished_run.words, *more, *map(str, words)])
        out, errors = capsys.readouterr()
        *lines, last = out.splitlines() or [""]
        return code, lines, json.loads(last or "{}"), errors

    return asked


@pytest.fixture(scope="module")
def delivered(session, spark, finished_run):
    """Each user's delivered movies, best first, and stars by movie."""
    results = Run(Execution(finished_run.config, session))
    lists, stars = {}, {}
    for row in results.delivered().orderBy("user_id", "rank").collect():
        lists.setdefault(row.user_id, []).append(row.movie_id)
    for row in results.read("ingest", "ratings").collect():
        stars.setdefault(row.user_id, {})[row.movie_id] = row.rating
    return lists, stars


def test_a_user_gets_the_delivered_list(run, delivered, finished_run):
    lists, _ = delivered
    user = min(lists)
    code, lines, summary, _ = run("--user", user, "--top", 5)
    assert code == 0
    assert summary["movies"] == lists[user][:5]
    *movies, segment = lines
    assert [line.split()[0] for line in movies] == ["1", "2", "3", "4", "5"]
    assert all(f"because user {user} liked " in line for line in movies)
    assert segment.startswith(f"user {user} belongs to segment {summary['segment']} of ")


def test_the_same_ratings_in_a_file_give_the_same_list(run, delivered, tmp_path):
    lists, stars = delivered
    user = max(lists)
    rows = "".join(f"{movie},{rating}\n" for movie, rating in stars[user].items())
    (tmp_path / "mine.csv").write_text(f"movieId,rating\n{rows}")
    code, lines, summary, _ = run("--ratings", tmp_path / "mine.csv", "--top", 20)
    assert code == 0
    assert (summary["source"], summary["movies"]) == ("als", lists[user][:20])
    *movies, segment = lines
    assert all("because you liked " in line for line in movies)
    assert segment.startswith(f"you belong to segment {summary['segment']} of ")


@pytest.fixture(scope="module")
def trained(session, spark, finished_run):
    """Lines of the training ratings of some users, and the segment of each."""
    results = Run(Execution(finished_run.config, session))
    train = {}
    for row in results.split("train").where("user_id <= 15").collect():
        train.setdefault(row.user_id, []).append(f"{row.movie_id},{row.rating}\n")
    return train, {row.user_id: row.segment for row in results.members().collect()}


def test_training_ratings_in_a_file_give_the_user_s_segment(trained, run, tmp_path):
    train, segments = trained
    own = tmp_path / "mine.csv"
    asked = {}
    for user, rows in train.items():
        own.write_text("movieId,rating\n" + "".join(rows))
        asked[user] = run("--ratings", own, "--top", 1)[2]["segment"]
    assert asked == {user: segments[user] for user in train}
    assert len({*asked.values()}) > 1


def test_a_like_is_the_reason(run, delivered, tmp_path):
    """Nobody is told that they liked what they rated low."""
    _, stars = delivered
    liked, disliked, *_ = max(stars.values(), key=len)
    (tmp_path / "mine.csv").write_text(f"movieId,rating\n{liked},5\n{disliked},0.5\n")
    code, lines, summary, _ = run("--ratings", tmp_path / "mine.csv")
    assert code == 0
    assert len(summary["movies"]) == 10
    assert not {liked, disliked} & {*summary["movies"]}
    assert len({line.partition("liked ")[2] for line in lines[:-1]} - {""}) == 1


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["--user", "0"], 3, "--user: there is no user 0: their ids go from 1 to 100"),
        (["--user", "1", "--top", "0"], 2, "--top 0: lists have 1 to 100 movies"),
        (["--user", "1", "--top", "101"], 2, "--top 101: lists have 1 to 100 movies"),
        (["--ratings", "{dislikes}"], 3, "the model has nothing to go by"),
    ],
)
def test_what_cannot_be_answered(run, delivered, tmp_path, words, exit_code, message):
    (movie, *_), *_ = delivered[0].values()
    path = tmp_path / "dislikes.csv"
    path.write_text(f"movieId,rating\n{movie},1\n")
    code, _, _, errors = run(*(word.format(dislikes=path) for word in words))
    assert code == exit_code
    assert message in errors
    assert len(errors.splitlines()) == 1


@pytest.fixture(scope="module")
def of_ease(session, finished_run, tmp_path_factory):
    """Arguments for the run with EASE delivered, each user's list, and stars by movie."""
    copy = tmp_path_factory.mktemp("copy") / "workspace"
    shutil.copytree(finished_run.workspace, copy)
    more = ("--set", f"workspace={copy}", "--set", "deliver.model=ease")
    execution = Execution(finished_run.config_with(more[1], more[3]), session)
    run_stage(execution, dag.DELIVER, deliver.run)
    stars, lists = {}, {}
    for row in Run(execution).read("ingest", "ratings").where("user_id <= 20").collect():
        stars.setdefault(row.user_id, {})[row.movie_id] = row.rating
    for row in Run(execution).delivered().where("user_id <= 20").orderBy("rank").collect():
        lists.setdefault(row.user_id, []).append((row.movie_id, row.score))
    return more, lists, stars


def test_with_ease_the_same_ratings_give_the_same_list(run, of_ease, tmp_path):
    more, lists, stars = of_ease
    user = max(stars, key=lambda one: len(stars[one]))
    code, known, summary, _ = run("--user", user, "--top", 5, more=more)
    assert (code, summary["source"]) == (0, "ease")
    assert summary["movies"] == [movie for movie, _ in lists[user][:5]]
    assert all(f"because user {user} liked " in line for line in known[:-1])
    rows = "".join(f"{movie},{rating}\n" for movie, rating in stars[user].items())
    (tmp_path / "mine.csv").write_text(f"movieId,rating\n{rows}")
    code, folded, summary, _ = run("--ratings", tmp_path / "mine.csv", "--top", 5, more=more)
    assert (code, summary["source"]) == (0, "ease")
    assert summary["movies"] == [movie for movie, _ in lists[user][:5]]
    assert [line.replace("you", f"user {user}") for line in folded[:-1]] == known[:-1]


@pytest.fixture(scope="module")
def of_short_ease(session, finished_run, tmp_path_factory):
    """Arguments for a run with an EASE of 20 movies, user 1's list and ratings, and titles."""
    copy = tmp_path_factory.mktemp("copy") / "workspace"
    shutil.copytree(finished_run.workspace, copy)
    shrink_ease(copy, 20)
    more = ("--set", f"workspace={copy}", "--set", "deliver.model=ease")
    execution = Execution(finished_run.config_with(more[1], more[3]), session)
    run_stage(execution, dag.DELIVER, deliver.run)
    results = Run(execution)
    listed = results.delivered().where("user_id = 1").orderBy("rank").collect()
    rated = results.read("ingest", "ratings").where("user_id = 1").collect()
    titles = {row.movie_id: row.title for row in results.read("ingest", "movies").collect()}
    return more, listed, rated, titles


def test_a_movie_outside_ease_has_no_score_and_no_reason(run, of_short_ease, tmp_path):
    """Nor is it in the list of a file, which the saved model makes."""
    more, listed, rated, titles = of_short_ease
    inside = [row.movie_id for row in listed if row.score is not None]
    assert 0 < len(inside) < len(listed) == 100
    assert max(row.movie_id for row in listed) > max(inside)
    code, (*lines, _), summary, _ = run("--user", 1, "--top", 100, more=more)
    assert (code, summary["movies"]) == (0, [row.movie_id for row in listed])
    for row, line in zip(listed, lines, strict=True):
        if row.score is None:
            assert line == f"{row['rank']:>3}  {titles[row.movie_id]}"
        else:
            assert f" {row.score:.4f}" in line
    assert "because user 1 liked " in lines[0]
    rows = "".join(f"{row.movie_id},{row.rating}\n" for row in rated)
    (tmp_path / "mine.csv").write_text(f"movieId,rating\n{rows}")
    code, _, summary, _ = run("--ratings", tmp_path / "mine.csv", "--top", 100, more=more)
    assert (code, sorted(summary["movies"])) == (0, sorted(inside))


def test_where_als_was_not_better_it_is_said(run, finished_run, tmp_path):
    workspace = shutil.copytree(finished_run.workspace, tmp_path / "w")
    (path,) = workspace.glob("deliver/*/_manifest.json")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["facts"]["beats_popularity"] = False
    path.write_text(json.dumps(manifest), encoding="utf-8")
    code, _, _, errors = run("--user", "1", more=("--set", f"workspace={workspace}"))
    assert (code, errors) == (0, "ALS was no better than popularity on validation\n")


def test_a_model_that_is_gone(run, session, finished_run, tmp_path):
    workspace = shutil.copytree(finished_run.workspace, tmp_path / "w")
    more = ("--set", f"workspace={workspace}")
    result = Execution(finished_run.config_with(f"workspace={workspace}"), session).find(
        dag.DELIVER
    )
    shutil.rmtree(f"{result.path.removeprefix('file://')}/model")
    code, _, _, errors = run("--user", "1", more=more)
    assert code == 3
    assert "make it again with `make deliver FORCE=1`" in errors
    shutil.rmtree(workspace / "deliver")
    code, _, _, errors = run("--user", "1", more=more)
    assert code == 3
    assert "make it with `make deliver`" in errors
