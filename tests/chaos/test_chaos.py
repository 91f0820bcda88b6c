"""The campaign in short: a job killed around its writes, and jobs that run at the same time."""

from __future__ import annotations

import pytest

from movierec import stages
from tests.chaos.campaign import ROOT, SLOWEST, Campaign

pytestmark = pytest.mark.slow


@pytest.fixture
def campaign(session, small_archive, tmp_path):
    return Campaign(
        session,
        archive=str(small_archive),
        workspace=f"file://{tmp_path}/killed",
        reference=f"file://{tmp_path}/undisturbed",
    )


def ended(process):
    """The exit code of a process and what it said."""
    output, _ = process.communicate(timeout=SLOWEST)
    return process.returncode, output


def test_a_job_killed_at_any_write_leaves_nothing_wrong(campaign):
    campaign.stage(stages.INGEST, ["during:0"])
    # three splits, and the manifest
    campaign.stage(stages.PARTITION, ["before:0", "during:1", "after:2", "before:3", "during:3"])
    findings = campaign.findings
    assert findings.wrong == []
    assert findings.kills + findings.survived == 6
    assert findings.kills >= 5, "only a write of some bytes is over before it is killed"


def test_two_runs_at_once_agree(campaign):
    runs = [campaign.start(str(ROOT / "jobs" / "ingest.py")) for _ in range(2)]
    for code, said in map(ended, runs):
        assert code == 0, said
    assert len(campaign.attempts(stages.INGEST)) == 1
    campaign.finish(stages.INGEST)
    assert campaign.findings.wrong == []


def test_a_run_while_its_results_are_pruned_ends_right_or_says_what_is_gone(campaign):
    """Pruning for another conf takes this one's results away, whenever it comes to them."""
    campaign.finish(stages.INGEST)
    run = campaign.start(str(ROOT / "jobs" / "partition.py"))
    prune = str(ROOT / "scripts" / "prune.py")
    while run.poll() is None:
        code, said = ended(campaign.start(prune, "--set", "source.sha256=" + "ab" * 32, "--delete"))
        assert code == 0, said
    code, said = ended(run)
    assert code in (0, 3), said
    for stage in (stages.INGEST, stages.PARTITION):
        campaign.finish(stage)
    assert campaign.findings.wrong == []
