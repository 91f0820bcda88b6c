"""The results in README and docs equal those of `make run CONF=conf/small.yaml`, if it ran here."""

import json
import re

import pytest

from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.spark.session import Session
from tests.support.confs import SMALL, load_conf
from tests.support.paths import ROOT

README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "evaluation.md"
MODELS = {
    "**ALS, tuned**": "als",
    "EASE, tuned": "ease",
    "popularity (number of likes)": "popularity",
    "popularity in the user's segment": "segment_popularity",
    "ALS, explicit": "als_explicit",
    "random (floor)": "random",
    "oracle (ceiling)": "oracle",
}
METRICS = ("precision_at_100", "map_at_100", "ndcg_at_100", "recall_at_100")
_NUMBERS = r" \| ".join([r"(\d\.\d{4})"] * 4)
_ROW = re.compile(r"^\| (validation|test) \| ([^|]+) \| " + _NUMBERS, re.M)
_ROW_OF_TEST = re.compile(r"^\| ([^|]+) \| " + _NUMBERS, re.M)


def section(path, title):
    """The text under a heading, up to the next one."""
    text = path.read_text(encoding="utf-8")
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def rows():
    """The metrics in docs/evaluation.md, by split and model."""
    return {
        (split, MODELS[model]): [float(number) for number in numbers]
        for split, model, *numbers in _ROW.findall(section(GUIDE, "Results on ml-latest-small"))
    }


@pytest.fixture(scope="module")
def found():
    """The summary of a run on conf/small.yaml."""
    # ARCHIVE=path removes the expected number of ratings
    for values in ({}, {"source.expected_ratings": None}):
        execution = Execution(load_conf(SMALL, values), Session("unused"))
        result = execution.find(dag.EVALUATE)
        if result is not None:
            return json.loads(execution.files.read_text(f"{result.path}/summary.json"))
    pytest.skip("conf/small.yaml has not run here: run `make run CONF=conf/small.yaml`")


def test_the_table_has_every_model_and_split():
    assert set(rows()) == {
        (split, model) for split in ("validation", "test") for model in MODELS.values()
    }


def test_readme_shows_the_rows_of_test():
    shown = {
        MODELS[model]: [float(number) for number in numbers]
        for model, *numbers in _ROW_OF_TEST.findall(section(README, "Results"))
    }
    assert shown == {model: rows()["test", model] for model in MODELS.values()}


@pytest.mark.parametrize(("split", "model"), rows())
def test_the_table_equals_the_summary(found, split, model):
    measured = [found["models"][model][split][metric] for metric in METRICS]
    # another BLAS adds in another order, and ALS amplifies the difference
    allowed = 0.002 if model.startswith("als") else 0.00005 + 1e-9
    assert rows()[split, model] == pytest.approx(measured, abs=allowed)
