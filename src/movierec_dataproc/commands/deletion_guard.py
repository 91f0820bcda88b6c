"""Whether a cluster can be deleted, which deletes its HDFS too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any, Final

from google.cloud import dataproc_v1 as dp

from movierec.errors import InputError
from movierec_dataproc.conf.naming import SUITE, label_value
from movierec_dataproc.google.jobs import ENDED_JOB
from movierec_dataproc.plan.plan import DOCTOR, EXPORT, LISTS, RUN_ALL, STAGE_IN

_WITHOUT_RESULTS: Final = {label_value(one) for one in (DOCTOR, EXPORT, LISTS, STAGE_IN)}
_EARLIEST: Final = datetime.min.replace(tzinfo=timezone.utc)


def active_jobs(jobs: Iterable[dp.Job]) -> list[dp.Job]:
    """Return the jobs that have not ended, including those of other suites."""
    return [job for job in jobs if job.status.state.name not in ENDED_JOB]


def unexported_jobs(jobs: Iterable[dp.Job]) -> list[dp.Job]:
    """Return the suite's jobs whose results are on HDFS only.

    A job's results are exported if it ended before the last successful export of its run (one
    config on one workspace) started, because an export copies what exists when it starts. A failed
    job has no results, except run_all, which publishes one stage after the other.
    """
    ended = [
        job
        for job in jobs
        if job.labels.get("suite") == SUITE
        and job.labels.get("results") == "hdfs"
        and job.status.state.name in ENDED_JOB
    ]
    exported: dict[str, datetime] = {}
    for job in ended:
        if job.labels.get("job") == label_value(EXPORT) and job.status.state.name == "DONE":
            run = job.labels.get("run", "")
            exported[run] = max(exported.get(run, _EARLIEST), _start_time(job))
    return [
        job
        for job in ended
        if job.labels.get("job") not in _WITHOUT_RESULTS
        and (job.status.state.name == "DONE" or job.labels.get("job") == label_value(RUN_ALL))
        and _time(job.status) > exported.get(job.labels.get("run", ""), _EARLIEST)
    ]


def check_removable(cluster_name: str, jobs: Sequence[dp.Job]) -> None:
    """Raise InputError if jobs run on the cluster or its HDFS has the only copy of results."""
    if active := active_jobs(jobs):
        raise InputError(
            f"cluster {cluster_name}: {_names(active)} still running: wait (`make logs ID=…`), "
            "cancel them, or delete the cluster anyway with FORCE=1 (--force)"
        )
    if unexported := unexported_jobs(jobs):
        raise InputError(
            f"cluster {cluster_name}: the results of {_names(unexported)} are on its HDFS only and "
            "would be deleted: export them with `make submit JOB=export_results` and the conf of "
            "those jobs, or delete them with FORCE=1 (--force)"
        )


def _names(jobs: list[dp.Job]) -> str:
    return ", ".join(job.reference.job_id for job in jobs)


def _start_time(job: dp.Job) -> datetime:
    """Return when the job's driver last started, or when the job ended if that is unknown."""
    times = [_time(one) for one in job.status_history if one.state.name == "RUNNING"]
    return max(times, default=_time(job.status))


def _time(status: Any) -> datetime:
    """Return when a job reached the state."""
    time: datetime | None = status.state_start_time
    return time or _EARLIEST
