"""A cluster may be deleted if nothing runs and nothing is on its HDFS only."""

from datetime import datetime, timedelta, timezone

import pytest
from google.cloud import dataproc_v1 as dp

from movierec.errors import InputError
from movierec_dataproc.commands.deletion_guard import check_removable, unexported_jobs

NOON = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)


def a_job(name, *, minute, started=None, state="DONE", **labels):
    """A job that ended at `minute` after noon; its driver started at `started` or 1 before."""
    start = minute - 1 if started is None else started
    ended, running = NOON + timedelta(minutes=minute), NOON + timedelta(minutes=start)
    return dp.Job(
        reference=dp.JobReference(job_id=f"{name}-{minute}"),
        labels={"suite": "movierec", "results": "hdfs", "run": "r1", "job": name} | labels,
        status=dp.JobStatus(state=state, state_start_time=ended),
        status_history=[dp.JobStatus(state="RUNNING", state_start_time=running)],
    )


def unexported(*jobs):
    return [job.reference.job_id for job in unexported_jobs(jobs)]


INGEST = a_job("ingest", minute=3)


def test_exported_results_may_be_deleted():
    jobs = [a_job("stage-in", minute=1), INGEST, a_job("evaluate", minute=9)]
    assert unexported(*jobs) == ["ingest-3", "evaluate-9"]
    jobs.append(a_job("export-results", minute=20))
    assert unexported(*jobs) == []
    check_removable("c", jobs)


def test_an_export_has_only_what_existed_when_it_started():
    jobs = [INGEST, a_job("find-twins", minute=15)]
    early = a_job("export-results", minute=20, started=10)
    assert unexported(*jobs, early) == ["find-twins-15"]
    # of two exports the later counts, in any order
    assert unexported(a_job("export-results", minute=30, started=25), early, *jobs) == []


@pytest.mark.parametrize("export", [{"state": "ERROR"}, {"state": "CANCELLED"}, {"run": "r2"}])
def test_a_failed_export_or_one_of_another_run_does_not_count(export):
    assert unexported(INGEST, a_job("export-results", minute=20, **export)) == ["ingest-3"]


@pytest.mark.parametrize(
    "job",
    [
        a_job("stage-in", minute=1),
        a_job("doctor", minute=2),
        a_job("ingest", minute=3, suite="other"),
        a_job("ingest", minute=3, results="gs"),
        a_job("tune-als", minute=3, state="ERROR"),
        a_job("tune-als", minute=3, state="CANCELLED"),
    ],
)
def test_jobs_without_results_on_hdfs_keep_no_cluster(job):
    assert unexported(job) == []


@pytest.mark.parametrize("state", ["ERROR", "CANCELLED"])
def test_of_failed_jobs_only_run_all_may_have_results(state):
    failed = a_job("run-all", minute=9, state=state)
    assert unexported(failed) == ["run-all-9"]
    assert unexported(failed, a_job("export-results", minute=20)) == []


def test_a_running_job_of_anybody_keeps_the_cluster():
    job = a_job("theirs", minute=3, state="RUNNING", suite="")
    with pytest.raises(InputError, match=r"cluster c: theirs-3 still running: .*FORCE=1") as caught:
        check_removable("c", [job])
    assert caught.value.exit_code == 3
    with pytest.raises(InputError, match=r"ingest-3 are on its HDFS only .*JOB=export_results"):
        check_removable("c", [INGEST])
