"""The twins of the generated sample, against the planted pairs.

Covers `movierec.twins.lsh_recall`, `movierec.twins.pair_groups`.
"""

import json

import pytest

from movierec.data import schemas
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import run_stage
from movierec.run_all import load_run
from movierec_synthetic.download import fetch_archive
from tests.support.confs import SMALL, load_conf

# slow: the sample has 100,836 ratings; of less data too few pairs are planted
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rows_and_truth(session, spark, tmp_path_factory):
    """The twins of the sample, and what was planted in it."""
    place = tmp_path_factory.mktemp("sample")
    values = {
        "workspace": str(place / "workspace"),
        "source.archive": str(place / "sample.zip"),
        "twins.curve.floors": [20],
        "twins.thresholds": [0.5, 0.15],
    }
    config = load_conf(SMALL.with_name("sample.yaml"), values)
    fetch_archive(config.source)
    execution = Execution(config, session)
    for stage in (dag.INGEST, dag.TWINS):
        result = run_stage(execution, stage, load_run(stage)).result
    truth = (place / "sample.truth.json").read_text(encoding="utf-8")
    return result.read(spark, "twins", schemas.TWINS).collect(), json.loads(truth)


def test_every_planted_pair_above_the_cut_is_found(rows_and_truth):
    rows, truth = rows_and_truth
    found = {(row.user_a, row.user_b): row for row in rows}
    cut = min(row.jaccard for row in rows)
    planted = [pair for pair in truth["twins"] + truth["duplicates"] if pair["jaccard"] > cut]
    assert len(planted) == len(truth["twins"]) + len(truth["duplicates"]) > 10
    for pair in planted:
        row = found[pair["user_a"], pair["user_b"]]
        assert (row.common, row.jaccard) == (pair["common"], pair["jaccard"])
        assert row.equal_ratings == pytest.approx(pair["equal_ratings"] / pair["common"])


def test_exactly_the_planted_duplicate_accounts_are_flagged(rows_and_truth):
    rows, truth = rows_and_truth
    planted = {(pair["user_a"], pair["user_b"]) for pair in truth["duplicates"]}
    assert {(row.user_a, row.user_b) for row in rows if row.duplicate} == planted
