"""What a job must be to be accepted, and what is said of it when it fails."""

from __future__ import annotations

from google.cloud import dataproc_v1 as dp

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_driver import last_exception

State = dp.JobStatus.State
ENDED = {State.DONE, State.ERROR, State.CANCELLED}
CANCELLING = {State.CANCEL_PENDING, State.CANCEL_STARTED}
# project, region and id
Key = tuple[str, str, str]


def check_job(job: dp.Job) -> None:
    """A PySpark job for a cluster that is named; the fake takes no other."""
    rules.check_name("job id", job.reference.job_id, rules.JOB_ID)
    rules.check_labels(job.labels)
    rules.check_scheduling(job.scheduling)
    if not job.placement.cluster_name:
        raise rules.invalid("placement.cluster_name is required")
    if "pyspark_job" not in job:
        raise rules.invalid("The job has no pyspark_job")
    rules.check_python(job.pyspark_job)


def restarts(scheduling: dp.JobScheduling) -> int:
    """How often a driver that fails is started again; the smaller limit of those that are set."""
    limits = [scheduling.max_failures_per_hour, scheduling.max_failures_total]
    return min((limit for limit in limits if limit), default=0)


def job_path(key: Key) -> str:
    """The job's resource name."""
    return "projects/{}/regions/{}/jobs/{}".format(*key)


def control_files_uri(job: dp.Job, cluster: dp.Cluster) -> str:
    """The directory of the job in the cluster's bucket; its output is there too."""
    return (
        f"gs://{cluster.config.config_bucket}/google-cloud-dataproc-metainfo/"
        f"{cluster.cluster_uuid}/jobs/{job.reference.job_id}/"
    )


def failure_details(job: dp.Job, output: bytes) -> str:
    """`status.details` of a failed job: its exception, where the output ends in one."""
    exception = last_exception(output)
    if exception:
        said = f"Job failed with message [{exception}]. Additional details can be found at:"
    else:
        said = (
            "Google Cloud Dataproc Agent reports job failure. If logs are available, they can be "
            "found at:"
        )
    return f"{said}\n{job.driver_output_resource_uri}.*"


def job_matches(job: dp.Job, name: str, value: str) -> bool:
    """Whether one term of a filter holds."""
    if name == "status.state":
        return value == "*" or (job.status.state in ENDED) == (value == "NON_ACTIVE")
    return rules.label_matches(job.labels, name, value)
