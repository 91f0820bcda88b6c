"""Jobs on clusters, each with a driver in a thread."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field

import grpc
from google.cloud import dataproc_v1 as dp

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import Behaviour, now
from tests.support.dataproc.fake_clusters import FakeClusters, Key
from tests.support.dataproc.fake_driver import Driver
from tests.support.dataproc.fake_operations import RequestIds
from tests.support.dataproc.fake_server import ApiError

State = dp.JobStatus.State
ENDED = {State.DONE, State.ERROR, State.CANCELLED}


@dataclass
class Entry:
    job: dp.Job
    driver: Driver
    ended: threading.Event = field(default_factory=threading.Event)


class FakeJobs:
    """The JobController."""

    name = "google.cloud.dataproc.v1.JobController"
    rpcs = ("submit_job", "get_job", "list_jobs", "cancel_job")

    def __init__(
        self, behaviour: Behaviour, request_ids: RequestIds, clusters: FakeClusters
    ) -> None:
        self._behaviour = behaviour
        self._request_ids = request_ids
        self._clusters = clusters
        self._entries: dict[Key, Entry] = {}

    def submit_job(self, request: dp.SubmitJobRequest) -> dp.Job:
        """Start the job; a repeated request returns it as it stands."""
        parent = (request.project_id, request.region)
        key = self._request_ids.once(
            "SubmitJob", request.request_id, lambda: self.submit(parent, request.job)
        )
        return self._copy(key)

    def get_job(self, request: dp.GetJobRequest) -> dp.Job:
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
        """Ask the job to end; one that has ended stays as it is."""
        key = (request.project_id, request.region, request.job_id)
        self.cancel(key)
        return self._copy(key)

    def submit(self, parent: tuple[str, str], wanted: dp.Job) -> Key:
        """Check a job and start it."""
        job = dp.Job(wanted)
        # the service chooses an id for a job that has none
        job.reference.job_id = job.reference.job_id or str(uuid.uuid4())
        rules.check_name("job id", job.reference.job_id, rules.JOB_ID)
        rules.check_labels(job.labels)
        rules.check_python(job.pyspark_job)
        key = (*parent, job.reference.job_id)
        with self._behaviour.lock:
            if key in self._entries:
                raise rules.already_exists(f"Job {key[2]}")
            cluster = self._clusters.accepting((*parent, job.placement.cluster_name))
            job.placement.cluster_uuid = cluster.cluster_uuid
            job.driver_output_resource_uri = (
                f"gs://{cluster.config.config_bucket}/google-cloud-dataproc-metainfo/"
                f"{cluster.cluster_uuid}/jobs/{key[2]}/driveroutput"
            )
            job.status = dp.JobStatus(state=State.PENDING, state_start_time=now())
            uri = job.driver_output_resource_uri
            driver = Driver(key[2], job.pyspark_job, uri, self._behaviour)
            entry = self._entries[key] = Entry(job, driver)
        self._behaviour.spawn(lambda: self._run(entry))
        return key

    def cancel(self, key: Key) -> None:
        """Ask a job to end."""
        self._copy(key)
        self._entries[key].driver.cancelled.set()

    def result(self, key: Key) -> None:
        """Return once a job is DONE; an ApiError if it ended otherwise."""
        self._entries[key].ended.wait()
        job = self._copy(key)
        if job.status.state == State.CANCELLED:
            raise ApiError(grpc.StatusCode.CANCELLED, f"Job '{key[2]}' was cancelled")
        if job.status.state != State.DONE:
            raise ApiError(grpc.StatusCode.ABORTED, job.status.details)

    def stop(self) -> None:
        """End every job that still runs."""
        for key in list(self._entries):
            self.cancel(key)

    def _run(self, entry: Entry) -> None:
        driver = entry.driver
        self._set(entry, State.RUNNING)
        code = driver.run()
        if driver.cancelled.is_set():
            self._set(entry, State.CANCELLED, "Job was cancelled")
        elif code:
            details = f"Job failed with message [{driver.last_exception()}]. Additional details at:"
            self._set(entry, State.ERROR, f"{details}\n{entry.job.driver_output_resource_uri}.*")
        else:
            self._set(entry, State.DONE)
        entry.ended.set()
        driver.close()

    def _set(self, entry: Entry, state: int, details: str = "") -> None:
        job = entry.job
        with self._behaviour.lock:
            job.status_history.append(job.status)
            job.status = dp.JobStatus(state=state, details=details, state_start_time=now())
            job.done = state in ENDED

    def _copy(self, key: Key) -> dp.Job:
        with self._behaviour.lock:
            if key not in self._entries:
                raise rules.not_found(f"Job {key[2]}")
            return dp.Job(self._entries[key].job)
