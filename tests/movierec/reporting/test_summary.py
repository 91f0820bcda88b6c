"""summary.json and its table for a terminal."""

import pytest

from movierec.config.schema import EvaluationConfig
from movierec.evaluation.compare import SplitEvaluation
from movierec.pipeline.exports import to_json
from movierec.reporting.summary import evaluation_summary, table
from tests.support.manifests import manifest

MODELS = ["popularity", "segment_popularity", "als", "ease", "als_explicit", "random", "oracle"]
METRICS = ["precision_at_100", "map_at_100", "ndcg_at_100", "recall_at_100"]


def evaluation(first, cold=0):
    """Metrics that grow from `first` by 0.01 per model and 0.001 per metric."""
    models = {}
    for n, model in enumerate(MODELS):
        metrics = {name: first + n / 100 + m / 1000 for m, name in enumerate(METRICS)}
        models[model] = {**metrics, "users": 7, "ci95": {name: [0.0, 1.0] for name in metrics}}
    differences = {
        name: {"difference": 0.01, "ci95": [low, 0.5], "p_value": 0.04}
        for name, low in zip(METRICS, (-0.012, -0.002, 0.008, 0.018), strict=True)
    }
    return SplitEvaluation(
        models=models,
        comparison=dict.fromkeys(("als_vs_popularity", "ease_vs_als"), differences),
        users={"evaluated": 7, "evaluated_but_cold": cold},
        movies={"known": 9},
        strata={"users_by_activity": []},
        segment_lift={"ratio": 1.2, "ci95": [1.1, 1.3], "gap_closed": first},
    )


def summary(candidates="unseen", cold=0):
    return evaluation_summary(
        {"validation": evaluation(0.1), "test": evaluation(0.5, cold)},
        ingest=manifest(rows={"ratings": 10, "movies": 4, "tags": 5}, facts={"users": 3}),
        partition=manifest(
            config={"partition": {"strategy": "global_time"}},
            rows={"train": 6, "validation": 2, "test": 2},
            facts={"audit": {"lost": 0}},
        ),
        tune=manifest(config={"tuning": {"engine": "blocks"}, "als": {"engine": "spark"}}),
        params={"als": {"rank": 16}, "popularity": {"kind": "count"}},
        shuffled_p99={"validation": 1.01, "test": 1.02},
        config=EvaluationConfig(
            k=100, relevant_rating=4.0, candidates=candidates, bootstrap=100, seed=1, strata=4
        ),
    )


def test_the_summary_has_the_keys_that_scripts_rely_on():
    found = summary()
    assert found["data"] == {"ratings": 10, "users": 3, "movies": 4}
    sizes = {"train": 6, "validation": 2, "test": 2}
    assert found["partition"] == {"strategy": "global_time", **sizes, "audit": {"lost": 0}}
    assert list(found["models"]) == MODELS
    als = found["models"]["als"]
    assert list(als) == ["params", "validation", "test"]
    assert als["params"] == {"rank": 16}
    assert als["validation"]["precision_at_100"] == 0.1 + 2 / 100
    assert als["test"]["recall_at_100"] == 0.5 + 2 / 100 + 3 / 1000
    assert als["test"]["ci95"]["map_at_100"] == [0.0, 1.0]
    assert found["models"]["random"]["params"] == {}
    compared = found["comparison"]["als_vs_popularity"]["test"]["ndcg_at_100"]
    assert compared == {"difference": 0.01, "ci95": [0.008, 0.5], "p_value": 0.04}
    lift = {"ratio": 1.2, "ci95": [1.1, 1.3], "gap_closed": 0.5, "shuffled_p99": 1.02}
    assert found["segments"]["lift"]["test"] == lift
    assert found["segments"]["gap_closed"] == 0.5
    assert found["users"]["test"] == {"evaluated": 7, "evaluated_but_cold": 0}


def test_the_engines_are_named_and_the_inflated_protocol_is_labelled():
    unseen, inflated = summary()["protocol"], summary(candidates="heldout_only")["protocol"]
    assert unseen["engines"] == {"trials": "blocks", "fits": "spark"}
    assert unseen["candidates"] == "unseen"
    assert unseen["candidates_are"].startswith("every movie of the training data")
    assert inflated["candidates"] == "heldout_only"
    assert inflated["candidates_are"].startswith("INFLATED: only the user's own held-out movies")
    last = table(summary(candidates="heldout_only")).splitlines()[-1]
    assert last == f"candidates: {inflated['candidates_are']}"


def test_not_a_number_and_infinity_are_refused():
    for odd in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            to_json(summary() | {"odd": odd})


LINES = """\
split       model                precision_at_100       map_at_100      ndcg_at_100    recall_at_100
validation  als                            0.1200           0.1210           0.1220           0.1230
validation  als − popularity     [-0.012, +0.500] [-0.002, +0.500] [+0.008, +0.500] [+0.018, +0.500]
test        oracle                         0.5600           0.5610           0.5620           0.5630
test        ease − als           [-0.012, +0.500] [-0.002, +0.500] [+0.008, +0.500] [+0.018, +0.500]
ALS: trials by blocks, reported fits by spark
candidates: every movie of the training data that the user has not seen""".splitlines()


def test_the_table_shows_every_model_on_both_splits_and_the_number_of_cold_users():
    shown = table(summary()).splitlines()
    assert [line for line in shown if line in LINES] == LINES
    named = [[line[:12].strip(), line[12:32].strip()] for line in shown[1:-2]]
    rows = [*MODELS, "als − popularity", "ease − als"]
    assert named == [[split, row] for split in ("validation", "test") for row in rows]
    *_, cold, _, _ = table(summary(cold=3)).splitlines()
    assert cold == "test: 3 of 7 users are cold: ALS and EASE have no list for them and score 0"
