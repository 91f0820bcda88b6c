"""What to watch next, for a user of the data and for anybody.

Covers `movierec_cli.scorers`.
"""

import json
import shutil
from collections import defaultdict

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

    def asked(*words, more=()):
        capsys.readouterr()
        with monkeypatch.context() as during:
            during.setattr(Session, "__call__", no_spark)
            code = ask.main([*finished_run.words, *more, *map(str, words)])
        out, errors = capsys.readouterr()
        *lines, last = out.splitlines() or [""]
        return code, lines, json.loads(last or "{}"), errors

    return asked


def what_it_delivered(execution):
    """Each user's delivered movies, best first, and stars by movie."""
    results = Run(execution)
    lists, stars = defaultdict(list), defaultdict(dict)
    for row in results.delivered().orderBy("user_id", "rank").collect():
        lists[row.user_id].append(row.movie_id)
    for row in results.read("ingest", "ratings").collect():
        stars[row.user_id][row.movie_id] = row.rating
    return lists, stars


@pytest.fixture(scope="module")
def delivered(session, finished_run):
    return what_it_delivered(Execution(finished_run.config, session))


@pytest.fixture
def own_file(tmp_path):
    """Write a file of somebody's stars by movie; return the arguments for it."""

    def write(stars):
        rows = "".join(f"{movie},{rating}\n" for movie, rating in stars.items())
        (tmp_path / "mine.csv").write_text(f"movieId,rating\n{rows}")
        return "--ratings", tmp_path / "mine.csv"

    return write


def test_a_user_gets_the_delivered_list(run, delivered):
    lists, _ = delivered
    user = min(lists)
    code, lines, summary, _ = run("--user", user, "--top", 5)
    assert code == 0
    assert summary["movies"] == lists[user][:5]
    *movies, segment = lines
    assert [line.split()[0] for line in movies] == ["1", "2", "3", "4", "5"]
    assert all(f"because user {user} liked " in line for line in movies)
    assert segment.startswith(f"user {user} belongs to segment {summary['segment']} of ")


def test_the_same_ratings_in_a_file_give_the_same_list(run, delivered, own_file):
    lists, stars = delivered
    user = max(lists)
    code, lines, summary, _ = run(*own_file(stars[user]), "--top", 20)
    assert code == 0
    assert (summary["source"], summary["movies"]) == ("als", lists[user][:20])
    *movies, segment = lines
    assert all("because you liked " in line for line in movies)
    assert segment.startswith(f"you belong to segment {summary['segment']} of ")


def test_training_ratings_in_a_file_give_the_user_s_segment(session, finished_run, run, own_file):
    results = Run(Execution(finished_run.config, session))
    train = defaultdict(dict)
    for row in results.split("train").where("user_id <= 15").collect():
        train[row.user_id][row.movie_id] = row.rating
    segments = {row.user_id: row.segment for row in results.members().collect()}
    asked = {user: run(*own_file(stars), "--top", 1)[2]["segment"] for user, stars in train.items()}
    assert asked == {user: segments[user] for user in train}
    assert len({*asked.values()}) > 1


def test_a_like_is_the_reason(run, delivered, own_file):
    """Nobody is told that they liked what they rated low."""
    _, stars = delivered
    liked, disliked, *_ = max(stars.values(), key=len)
    code, lines, summary, _ = run(*own_file({liked: 5, disliked: 0.5}))
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
        (None, 3, "the model has nothing to go by"),
    ],
)
def test_what_cannot_be_answered(run, delivered, own_file, words, exit_code, message):
    (movie, *_), *_ = delivered[0].values()
    code, _, _, errors = run(*(words or own_file({movie: 1})))
    assert code == exit_code
    assert message in errors
    assert len(errors.splitlines()) == 1


def with_ease(session, finished_run, place, *, n_movies=None):
    """The run with EASE delivered, in a copy, and the arguments for it."""
    copy = shutil.copytree(finished_run.workspace, place / "workspace")
    if n_movies:
        shrink_ease(copy, n_movies)
    changes = (f"workspace={copy}", "deliver.model=ease")
    execution = Execution(finished_run.config_with(*changes), session)
    run_stage(execution, dag.DELIVER, deliver.run)
    return execution, [word for change in changes for word in ("--set", change)]


def test_with_ease_the_same_ratings_give_the_same_list(
    run, session, finished_run, own_file, tmp_path
):
    execution, more = with_ease(session, finished_run, tmp_path)
    lists, stars = what_it_delivered(execution)
    user = max(range(1, 21), key=lambda one: len(stars[one]))
    code, known, summary, _ = run("--user", user, "--top", 5, more=more)
    assert (code, summary["source"]) == (0, "ease")
    assert summary["movies"] == lists[user][:5]
    assert all(f"because user {user} liked " in line for line in known[:-1])
    code, folded, summary, _ = run(*own_file(stars[user]), "--top", 5, more=more)
    assert (code, summary["source"]) == (0, "ease")
    assert summary["movies"] == lists[user][:5]
    assert [line.replace("you", f"user {user}") for line in folded[:-1]] == known[:-1]


def test_a_movie_outside_ease_has_no_score_and_no_reason(
    run, session, finished_run, own_file, tmp_path
):
    """Nor is it in the list of a file, which the saved model makes."""
    execution, more = with_ease(session, finished_run, tmp_path, n_movies=20)
    results = Run(execution)
    listed = results.delivered().where("user_id = 1").orderBy("rank").collect()
    titles = {row.movie_id: row.title for row in results.read("ingest", "movies").collect()}
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
    _, stars = what_it_delivered(execution)
    code, _, summary, _ = run(*own_file(stars[1]), "--top", 100, more=more)
    assert (code, sorted(summary["movies"])) == (0, sorted(inside))


@pytest.fixture
def copied(finished_run, tmp_path):
    """A copy of the run's workspace, and the arguments for it."""
    workspace = shutil.copytree(finished_run.workspace, tmp_path / "w")
    return workspace, ("--set", f"workspace={workspace}")


def test_where_als_was_not_better_it_is_said(run, copied):
    (path,) = copied[0].glob("deliver/*/_manifest.json")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["facts"]["beats_popularity"] = False
    path.write_text(json.dumps(manifest), encoding="utf-8")
    code, _, _, errors = run("--user", "1", more=copied[1])
    assert (code, errors) == (0, "ALS was no better than popularity on validation\n")


def test_a_model_that_is_gone(run, copied):
    workspace, more = copied
    (model,) = workspace.glob("deliver/*/*/model")
    shutil.rmtree(model)
    code, _, _, errors = run("--user", "1", more=more)
    assert (code, "make it again with `make deliver FORCE=1`" in errors) == (3, True), errors
    shutil.rmtree(workspace / "deliver")
    code, _, _, errors = run("--user", "1", more=more)
    assert (code, "make it with `make deliver`" in errors) == (3, True), errors
