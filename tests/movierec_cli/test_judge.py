"""Lists of another system."""

import json

import pytest

from movierec.data.datasets import RECOMMENDATIONS
from movierec.errors import InputError
from movierec.pipeline import cli, dag
from movierec.pipeline.execution import Execution
from movierec_cli import judge


@pytest.fixture
def run(session, monkeypatch, capsys, finished_run):
    monkeypatch.setattr(cli, "open_session", lambda name, arguments: session)
    monkeypatch.setattr(session, "stop", lambda: None)

    def judged(lists, *words):
        code = judge.main([*finished_run.words, str(lists), *words])
        return code, *capsys.readouterr()

    return judged


@pytest.fixture(scope="module")
def popular(spark, session, finished_run):
    """The popularity lists of the run."""
    result = Execution(finished_run.config, session).find(dag.RECOMMEND)
    where = RECOMMENDATIONS.at(model="popularity", split="test")
    return result.read(spark, where, RECOMMENDATIONS.schema).select("user_id", "movie_id", "rank")


def test_lists_of_popularity_are_judged_as_popularity_was(run, popular, finished_run, tmp_path):
    popular.toPandas().to_csv(tmp_path / "lists.csv", index=False)
    code, out, _ = run(tmp_path / "lists.csv")
    assert code == 0
    found = json.loads(out.splitlines()[-1])
    expected = finished_run.summary["models"]["popularity"]["test"]
    assert found["models"]["yours"] == found["models"]["popularity"]
    assert found["models"]["yours"] == {key: expected[key] for key in found["models"]["yours"]}
    assert found["rows_seen_or_unknown"] == 0
    assert found["comparison"]["yours_vs_popularity"]["ndcg_at_100"]["difference"] == 0
    summary = finished_run.summary["comparison"]["als_vs_popularity"]["test"]["ndcg_at_100"]
    assert {*found["comparison"]} == {"yours_vs_ease", "yours_vs_als", "yours_vs_popularity"}
    ours = found["comparison"]["yours_vs_als"]["ndcg_at_100"]
    assert ours["difference"] == pytest.approx(-summary["difference"], abs=1e-8)


def test_seen_and_unknown_movies_are_counted_and_cost_their_place(run, popular, spark, tmp_path):
    """Every list moves down by one rank, behind a movie that nobody knows."""
    later = popular.selectExpr("user_id", "movie_id", "rank + 1 AS rank").where("rank <= 100")
    first = popular.select("user_id").distinct().selectExpr("user_id", "99999999", "1")
    lists = later.union(first).persist()
    n_users = first.count()
    lists.write.parquet(str(tmp_path / "lists"))
    code, out, _ = run(tmp_path / "lists")
    assert code == 0
    found = json.loads(out.splitlines()[-1])
    assert found["rows_seen_or_unknown"] == n_users
    mine, theirs = (found["models"][model] for model in ("yours", "popularity"))
    assert mine["ndcg_at_100"] < theirs["ndcg_at_100"]
    assert mine["coverage"] <= theirs["coverage"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user,movie\n1,2\n", "the columns user_id, movie_id, rank were expected; it has user, mo"),
        ("user_id,movie_id,rank\n1,2,x\n1,3,2\n", "1 of 2 rows have no whole number in a column"),
        ("user_id,movie_id,rank\n1,2,0\n", "1 of 1 rows have no whole number in a column, or a r"),
        ("user_id,movie_id,rank\n", "it holds no list"),
        ("user_id,movie_id,rank\n1,2,1\n1,3,1\n", "user 1 has rank 1 2 times"),
        ("user_id,movie_id,rank\n1,2,1\n1,2,2\n", "user 1 has movie_id 2 2 times"),
        (None, "Path does not exist"),
    ],
)
def test_what_is_no_list(spark, tmp_path, text, message):
    path = tmp_path / "lists.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError) as raised:
        judge.read_lists(spark, str(path), k=100)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
