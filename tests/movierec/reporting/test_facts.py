"""report.json: what comes from the manifests of the stages."""

import json

import pytest

from movierec.reporting.facts import report_facts, to_json
from tests.support.manifests import manifest


def facts(*, attempt="a-1"):
    manifests = {
        "ingest": manifest(attempt=attempt, fingerprint="f", seconds=2.5, facts={"users": 3}),
        "popularity": manifest(facts={"trials": [{"kind": "count"}]}),
        "tune": manifest(facts={"trials": [{"trial": 1}], "winners": {"als": {"alpha": 2.0}}}),
    }
    parts = {
        key: {} for key in ("summary", "data", "bias", "examples", "delivered", "segments", "twins")
    }
    return report_facts(manifests=manifests, **parts)


def test_trials_winners_and_provenance_come_from_the_manifests():
    found = facts()
    assert found["popularity_trials"] == [{"kind": "count"}]
    assert found["trials"] == [{"trial": 1}]
    assert found["winners"] == {"als": {"alpha": 2.0}}
    assert found["ingest"] == {"users": 3}
    assert list(found["stages"]) == ["ingest", "popularity", "tune"]
    ingest = found["stages"]["ingest"]
    assert (ingest["fingerprint"], ingest["seconds"]) == ("f", 2.5)
    assert json.loads(to_json(found)) == found


@pytest.mark.parametrize(
    ("attempt", "begun"), [("20261101T120005Z-0a1b2c3d", "2026-11-01T12:00:05Z"), ("a-1", None)]
)
def test_the_time_of_a_stage_is_that_of_its_attempt(attempt, begun):
    assert facts(attempt=attempt)["stages"]["ingest"]["begun"] == begun
