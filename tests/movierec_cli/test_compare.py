"""Two models or two runs, compared user by user."""

import json

import pytest

from movierec_cli import compare
from tests.support.finished import SAMPLE


@pytest.fixture
def run(session, monkeypatch, capsys, finished_run):
    """Compare two sides, written as after the conf's name; return exit code, output and errors."""
    monkeypatch.setattr(compare, "open_session", lambda name, arguments: session)
    monkeypatch.setattr(session, "stop", lambda: None)
    given = "".join(f"+{one}" for one in finished_run.overrides)

    def compared(a, b):
        code = compare.main([f"{SAMPLE}{given}{a}", f"{SAMPLE}{given}{b}"])
        return code, *capsys.readouterr()

    return compared


def test_two_models_of_a_run_differ_as_its_summary_says(run, finished_run):
    code, out, _ = run("", ":popularity")
    assert code == 0
    found = json.loads(out.splitlines()[-1])["difference"]
    for split, expected in finished_run.summary["comparison"]["als_vs_popularity"].items():
        for metric, row in found[split].items():
            models = finished_run.summary["models"]
            assert row["one"] == pytest.approx(models["als"][split][metric], abs=1e-8)
            assert row["other"] == pytest.approx(models["popularity"][split][metric], abs=1e-8)
            assert {key: row[key] for key in expected[metric]} == expected[metric]


def test_a_model_does_not_differ_from_itself(run):
    code, out, _ = run(":als", "")
    assert code == 0
    found = json.loads(out.splitlines()[-1])["difference"]["test"]["ndcg_at_100"]
    assert (found["difference"], found["ci95"], found["p_value"]) == (0.0, [0.0, 0.0], 1.0)


def test_another_archive_is_that_of_both(session, monkeypatch, capsys):
    monkeypatch.setattr(compare, "open_session", lambda name, arguments: session)
    monkeypatch.setattr(session, "stop", lambda: None)
    assert compare.main(["small", "small:popularity", "--archive", "/nowhere.zip"]) == 3
    assert "there is no file:///nowhere.zip" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("side", "code", "message"),
    [
        (":alz", 2, "a model of popularity, segment_popularity, als, ease, als_explicit, random"),
        ("+als.seed=9", 3, "there is no result of evaluate for this config"),
    ],
)
def test_what_is_not_there(run, side, code, message):
    found, _, errors = run("", side)
    assert found == code
    assert message in errors


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("partition.seed=9", "hold out different ratings"),
        ("evaluation.relevant_rating=3.5", "evaluation.relevant_rating is 4.0 in "),
    ],
)
def test_what_cannot_be_compared(run, monkeypatch, override, message):
    # a result of another protocol, without computing one
    monkeypatch.setattr(compare.Execution, "require", lambda self, stage: None)
    code, _, errors = run("", f"+{override}")
    assert code == 3
    assert message in errors
