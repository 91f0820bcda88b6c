"""The campaign in short: one job, killed around its writes and its manifest."""

from __future__ import annotations

import pytest

from movierec import stages
from tests.chaos.campaign import Campaign

pytestmark = pytest.mark.slow


def test_a_job_killed_at_any_write_leaves_nothing_wrong(session, small_archive, tmp_path):
    campaign = Campaign(
        session,
        archive=str(small_archive),
        workspace=f"file://{tmp_path}/killed",
        reference=f"file://{tmp_path}/undisturbed",
    )
    campaign.stage(stages.INGEST, ["during:0"])
    # three splits, and the manifest
    campaign.stage(stages.PARTITION, ["before:0", "during:1", "after:2", "before:3", "during:3"])
    findings = campaign.findings
    assert findings.wrong == []
    assert findings.kills + findings.survived == 6
    assert findings.kills >= 5, "only a write of some bytes is over before it is killed"
