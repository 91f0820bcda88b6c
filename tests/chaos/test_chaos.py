"""A short campaign: a job killed around its writes, and jobs that run at the same time."""

import pytest

from movierec.pipeline import dag
from tests.chaos.campaign import TIMEOUT_SECONDS, Campaign

pytestmark = pytest.mark.slow


@pytest.fixture
def campaign(session, finished_run, tmp_path):
    return Campaign(
        session,
        archive=str(finished_run.archive),
        workspace=f"file://{tmp_path}/killed",
        reference=f"file://{tmp_path}/undisturbed",
    )


def ended(process):
    """The exit code and the output of a process."""
    output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    return process.returncode, output


def test_a_job_killed_at_any_write_leaves_nothing_wrong(campaign):
    campaign.kill_stage(dag.INGEST, ["during:0"], kills=1)
    around = ["during:1", "after:2", "before:manifest"]
    campaign.kill_stage(dag.PARTITION, around, kills=len(around))
    findings = campaign.findings
    assert findings.wrong == []
    assert (findings.kills, findings.survived) == (4, 0)


def test_two_runs_at_once_agree(campaign):
    runs = [campaign.start("jobs/ingest.py") for _ in range(2)]
    for code, output in map(ended, runs):
        assert code == 0, output
    assert len(campaign.attempts(dag.INGEST)) == 1
    campaign.finish(dag.INGEST)
    assert campaign.findings.wrong == []


def test_a_run_whose_results_are_pruned_succeeds_or_says_what_is_missing(campaign):
    """Pruning for another conf deletes this one's results while it runs."""
    campaign.finish(dag.INGEST)
    run = campaign.start("jobs/partition.py")
    other = ("--set", "source.sha256=" + "ab" * 32, "--delete")
    while run.poll() is None:
        code, output = ended(campaign.start("-m", "movierec_cli", "prune", more=other))
        assert code == 0, output
    code, output = ended(run)
    assert code in (0, 3), output
    for stage in (dag.INGEST, dag.PARTITION):
        campaign.finish(stage)
    assert campaign.findings.wrong == []
