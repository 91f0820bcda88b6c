"""Whether a cluster can go: HDFS goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any, Final

from google.cloud import dataproc_v1 as dp

from movierec.errors import InputError
from movierec_dataproc.conf.naming import SUITE, label_value
from movierec_dataproc.google.jobs import ENDED
from movierec_dataproc.plan.plan import DOCTOR, EXPORT, STAGE_IN

_ASIDE: Final = {label_value(one) for one in (DOCTOR, EXPORT, STAGE_IN)}
_NEVER: Final = datetime.min.replace(tzinfo=timezone.utc)


def active_jobs(jobs: Iterable[dp.Job]) -> list[dp.Job]:
    """Return the jobs that have not ended, anybody's."""
    return [job for job in jobs if job.status.state.name not in ENDED]


def unexported_jobs(jobs: Iterable[dp.Job]) -> list[dp.Job]:
    """Return the jobs of the suite whose results are on HDFS alone.

    Those that ended well after the last good export of their run, which is one config on one
    workspace, had begun: what an export copies was there when it began.
    """
    done = [
        job
        for job in jobs
        if job.labels.get("suite") == SUITE
        and job.labels.get("results") == "hdfs"
        and job.status.state.name == "DONE"
    ]
    begun: dict[str, datetime] = {}
    for job in done:
        if job.labels.get("job") == label_value(EXPORT):
            one = job.labels.get("run", "")
            begun[one] = max(begun.get(one, _NEVER), _began(job))
    return [
        job
        for job in done
        if job.labels.get("job") not in _ASIDE
        and _time(job.status) > begun.get(job.labels.get("run", ""), _NEVER)
    ]


def check_removable(cluster_name: str, jobs: Iterable[dp.Job]) -> None:
    """Raise InputError where a cluster still works or holds results that are nowhere else."""
    found = list(jobs)
    if active := active_jobs(found):
        raise InputError(
            f"cluster {cluster_name}: {_names(active)} still running: wait (`make logs ID=…`), "
            "cancel them, or delete the cluster all the same with FORCE=1 (--force)"
        )
    if lost := unexported_jobs(found):
        raise InputError(
            f"cluster {cluster_name}: the results of {_names(lost)} are on its HDFS alone and "
            "would go with it: export them with `make submit JOB=export_results` and the conf that "
            "they were made with, or lose them with FORCE=1 (--force)"
        )


def _names(jobs: list[dp.Job]) -> str:
    return ", ".join(job.reference.job_id for job in jobs)


def _began(job: dp.Job) -> datetime:
    """Return when the job's driver was started last, or where that is not told, when it ended."""
    times = [_time(one) for one in job.status_history if one.state.name == "RUNNING"]
    return max(times, default=_time(job.status))


def _time(status: Any) -> datetime:
    """Return when a state was reached."""
    time: datetime | None = status.state_start_time
    return time or _NEVER
