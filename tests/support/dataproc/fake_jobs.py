"""Jobs: each runs in a thread and goes through the service's states."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc
from google.cloud import dataproc_v1 as dp

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import Behaviour, RunningJob, now
from tests.support.dataproc.fake_clusters import FakeClusters, Key
from tests.support.dataproc.fake_driver import Driver, DriverOutput, Ending, last_exception
from tests.support.dataproc.fake_operations import FakeOperations, RequestIds
from tests.support.dataproc.fake_server import ApiError

State = dp.JobStatus.State
ENDED = {State.DONE, State.ERROR, State.CANCELLED}
CANCELLING = {State.CANCEL_PENDING, State.CANCEL_STARTED}


@dataclass
class Entry:
    """A job, its driver, and whether it has ended."""

    job: dp.Job
    driver: Driver
    output: DriverOutput
    ended: threading.Event = field(default_factory=threading.Event)


class FakeJobs:
    """The JobController."""

    name = "google.cloud.dataproc.v1.JobController"
    rpcs = ("submit_job", "get_job", "list_jobs", "cancel_job")

    def __init__(
        self,
        behaviour: Behaviour,
        operations: FakeOperations,
        request_ids: RequestIds,
        clusters: FakeClusters,
    ) -> None:
        self._behaviour = behaviour
        self._operations = operations
        self._request_ids = request_ids
        self._clusters = clusters
        self._entries: dict[Key, Entry] = {}
        clusters.before_delete.append(self._end_jobs_of)

    def submit_job(self, request: dp.SubmitJobRequest) -> dp.Job:
        """The job is PENDING when this returns; a repeated request returns it as it stands."""
        parent = (request.project_id, request.region)
        key = self._request_ids.once(
            "SubmitJob", parent, request.request_id, lambda: self.submit(parent, request.job)
        )
        return self._copy(key)

    def get_job(self, request: dp.GetJobRequest) -> dp.Job:
        """A copy of the job as it stands."""
        return self._copy((request.project_id, request.region, request.job_id))

    def list_jobs(self, request: dp.ListJobsRequest) -> dp.ListJobsResponse:
        """All jobs on one page, newest first; filters and states are not looked at."""
        with self._behaviour.lock:
            found = [
                dp.Job(entry.job)
                for key, entry in reversed(self._entries.items())
                if key[:2] == (request.project_id, request.region)
                and request.cluster_name in ("", entry.job.placement.cluster_name)
            ]
        return dp.ListJobsResponse(jobs=found)

    def cancel_job(self, request: dp.CancelJobRequest) -> dp.Job:
        """The job is CANCEL_PENDING when this returns; one that has ended stays as it is."""
        key = (request.project_id, request.region, request.job_id)
        self.cancel(key)
        return self._copy(key)

    def submit(
        self, parent: tuple[str, str], wanted: dp.Job, on_end: Callable[[], None] | None = None
    ) -> Key:
        """Check a job and start it."""
        job = dp.Job(wanted)
        job.reference.job_id = wanted.reference.job_id or str(uuid.uuid4())
        job.reference.project_id = parent[0]
        check_job(job)
        key = (*parent, job.reference.job_id)
        with self._behaviour.lock:
            if key in self._entries:
                raise rules.already_exists(f"Job {job_path(key)}")
            cluster = self._clusters.accepting((*parent, job.placement.cluster_name))
            entry = self._entries[key] = self._entry(job, cluster)

        def run() -> None:
            outcome = self._run(entry)
            entry.ended.set()
            if on_end:
                on_end()
            self._behaviour.pause(self._behaviour.output_lag_seconds)
            # the agent that writes the end is deleted with the cluster
            ends = self._behaviour.output_ends and outcome is not Ending.CLUSTER_DELETED
            entry.output.close(end=ends)

        self._behaviour.spawn(run)
        return key

    def cancel(self, key: Key) -> None:
        """Ask a job to end."""
        entry = self._find(key)
        with self._behaviour.lock:
            if entry.job.status.state in ENDED | CANCELLING:
                return
            self._set(entry, State.CANCEL_PENDING)
        entry.driver.stop(Ending.CANCELLED)

    def result(self, key: Key) -> dp.Job:
        """The job once it is DONE; an ApiError if it ended otherwise."""
        self._find(key).ended.wait()
        job = self._copy(key)
        if job.status.state == State.CANCELLED:
            raise ApiError(grpc.StatusCode.CANCELLED, f"Job '{key[2]}' was cancelled")
        if job.status.state != State.DONE:
            raise ApiError(grpc.StatusCode.ABORTED, job.status.details)
        return job

    def stop(self) -> None:
        """End every job that still runs."""
        for key in list(self._entries):
            self.cancel(key)

    def _run(self, entry: Entry) -> int | Ending:
        outcome = self._run_driver(entry)
        if outcome is Ending.CANCELLED:
            self._set(entry, State.CANCEL_STARTED)
            self._set(entry, State.CANCELLED, "Job was cancelled")
        elif outcome is Ending.CLUSTER_DELETED:
            name = entry.job.placement.cluster_name
            self._set(entry, State.ERROR, f"Cluster '{name}' was deleted")
        elif outcome:
            self._set(entry, State.ERROR, failure_details(entry.job, entry.output.written))
        else:
            self._set(entry, State.DONE)
        return outcome

    def _run_driver(self, entry: Entry) -> int | Ending:
        for state in (State.SETUP_DONE, State.RUNNING):
            why = entry.driver.rest(self._behaviour.state_seconds)
            if why:
                return why
            self._set(entry, state)
        return entry.driver.run()

    def _set(self, entry: Entry, state: int, details: str = "") -> None:
        job = entry.job
        with self._behaviour.lock:
            if job.status.state in CANCELLING and state not in ENDED | CANCELLING:
                return
            job.status_history.append(job.status)
            job.status = dp.JobStatus(state=state, details=details, state_start_time=now())
            job.done = state in ENDED

    def _end_jobs_of(self, cluster: Key) -> None:
        for key, entry in list(self._entries.items()):
            there = (*key[:2], entry.job.placement.cluster_name) == cluster
            if there and not entry.ended.is_set():
                entry.driver.stop(Ending.CLUSTER_DELETED)
                entry.ended.wait()

    def _entry(self, job: dp.Job, cluster: dp.Cluster) -> Entry:
        job.placement.cluster_uuid = cluster.cluster_uuid
        job.job_uuid = str(uuid.uuid4())
        job.driver_control_files_uri = control_files_uri(job, cluster)
        job.driver_output_resource_uri = f"{job.driver_control_files_uri}driveroutput"
        job.status = dp.JobStatus(state=State.PENDING, state_start_time=now())
        output = DriverOutput(
            job.driver_output_resource_uri,
            self._behaviour.storage,
            self._behaviour.output_object_bytes,
            hold_back=self._behaviour.output_lag_seconds > 0,
        )
        running = RunningJob(job=dp.Job(job), cluster=cluster, write=output.write)
        return Entry(job=job, driver=Driver(running, self._behaviour), output=output)

    def _find(self, key: Key) -> Entry:
        if key not in self._entries:
            raise rules.not_found(f"Job {job_path(key)}")
        return self._entries[key]

    def _copy(self, key: Key) -> dp.Job:
        with self._behaviour.lock:
            return dp.Job(self._find(key).job)


def check_job(job: dp.Job) -> None:
    """A PySpark job with the name of a cluster; the fake accepts no other."""
    rules.check_name("job id", job.reference.job_id, rules.JOB_ID)
    rules.check_labels(job.labels)
    if not job.placement.cluster_name:
        raise rules.invalid("placement.cluster_name is required")
    if "pyspark_job" not in job:
        raise rules.invalid("The job has no pyspark_job")
    rules.check_python(job.pyspark_job)


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
