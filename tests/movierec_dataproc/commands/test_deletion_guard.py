"""When a cluster may go: nothing runs, and nothing is on its HDFS alone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from google.cloud import dataproc_v1 as dp

from movierec.errors import InputError
from movierec_dataproc.commands.deletion_guard import check_removable, unexported_jobs

NOON = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)


def a_job(name: str, *, minute: int, began: int | None = None, **fields: Any) -> dp.Job:
    """A job that ended so many minutes after noon; its driver began a minute before, or `began`."""
    labels = {"suite": "movierec", "results": "hdfs", "run": "r1", "job": name}
    begin = minute - 1 if began is None else began
    return dp.Job(
        reference=dp.JobReference(job_id=f"{name}-{minute}"),
        labels=labels | fields.get("labels", {}),
        status=dp.JobStatus(
            state=fields.get("state", "DONE"), state_start_time=NOON + timedelta(minutes=minute)
        ),
        status_history=[
            dp.JobStatus(state="RUNNING", state_start_time=NOON + timedelta(minutes=begin))
        ],
    )


def unexported(*jobs: dp.Job) -> list[str]:
    return [job.reference.job_id for job in unexported_jobs(jobs)]


def test_what_was_exported_may_go() -> None:
    jobs = [a_job("stage-in", minute=1), a_job("ingest", minute=3), a_job("evaluate", minute=9)]
    assert unexported(*jobs) == ["ingest-3", "evaluate-9"]
    assert unexported(*jobs, a_job("export-results", minute=20)) == []
    check_removable("c", [*jobs, a_job("export-results", minute=20)])


def test_an_export_has_only_what_was_there_when_it_began() -> None:
    jobs = [a_job("ingest", minute=3), a_job("find-twins", minute=15)]
    assert unexported(*jobs, a_job("export-results", minute=20, began=10)) == ["find-twins-15"]
    # of two exports the later counts, in whatever order they are listed
    exports = [
        a_job("export-results", minute=30, began=25),
        a_job("export-results", minute=20, began=10),
    ]
    assert unexported(*exports, *jobs) == []


def test_what_leaves_no_result_keeps_no_cluster() -> None:
    jobs = [a_job("stage-in", minute=1), a_job("doctor", minute=2)]
    assert unexported(*jobs) == []


def test_an_export_that_failed_or_was_another_run_s_exports_nothing() -> None:
    job = a_job("ingest", minute=3)
    for state in ("ERROR", "CANCELLED"):
        assert unexported(job, a_job("export-results", minute=20, state=state)) == ["ingest-3"]
    other = a_job("export-results", minute=20, labels={"run": "r2"})
    assert unexported(job, other) == ["ingest-3"]


@pytest.mark.parametrize("labels", [{"suite": "other"}, {"results": "gs"}])
def test_other_jobs_and_results_in_a_bucket_hold_nothing_up(labels: dict[str, str]) -> None:
    assert unexported(a_job("ingest", minute=3, labels=labels)) == []


def test_a_failed_job_has_no_results() -> None:
    assert unexported(a_job("tune-als", minute=3, state="ERROR")) == []


def test_a_job_that_runs_keeps_the_cluster_whoever_s_it_is() -> None:
    job = a_job("theirs", minute=3, state="RUNNING", labels={"suite": ""})
    with pytest.raises(InputError, match=r"cluster c: theirs-3 still running: .*FORCE=1") as caught:
        check_removable("c", [job])
    assert caught.value.exit_code == 3
    with pytest.raises(InputError, match=r"ingest-3 are on its HDFS alone .*JOB=export_results"):
        check_removable("c", [a_job("ingest", minute=3)])
