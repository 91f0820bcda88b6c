"""Jobs: each runs in a thread and goes through the states of the service."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import Behaviour, RunningJob, now
from tests.support.dataproc.fake_clusters import FakeClusters
from tests.support.dataproc.fake_driver import Driver, DriverOutput, Ending
from tests.support.dataproc.fake_job_rules import (
    CANCELLING,
    ENDED,
    Key,
    check_job,
    control_files_uri,
    failure_details,
    job_matches,
    job_path,
    restarts,
)
from tests.support.dataproc.fake_operations import FakeOperations, RequestIds
from tests.support.dataproc.fake_server import ApiError

State = dp.JobStatus.State
Matcher = dp.ListJobsRequest.JobStateMatcher
MATCHED = {Matcher.ALL: "*", Matcher.ACTIVE: "ACTIVE", Matcher.NON_ACTIVE: "NON_ACTIVE"}


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
    rpcs = ("submit_job", "submit_job_as_operation", "get_job", "list_jobs", "cancel_job")

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

    def submit_job_as_operation(self, request: dp.SubmitJobRequest) -> operations_pb2.Operation:
        """The operation ends when the job does, and fails when it does."""
        parent = (request.project_id, request.region)

        def make() -> str:
            key = self.submit(parent, request.job)
            return self._operations.start(
                parent,
                metadata=lambda: self._describe(key),
                work=lambda: self.result(key),
                cancel=lambda: self.cancel(key),
            )

        operation = self._request_ids.once("SubmitJobAsOperation", parent, request.request_id, make)
        return self._operations.describe(operation)

    def get_job(self, request: dp.GetJobRequest) -> dp.Job:
        """A copy of the job as it stands."""
        return self._copy((request.project_id, request.region, request.job_id))

    def list_jobs(self, request: dp.ListJobsRequest) -> dp.ListJobsResponse:
        """Newest first; a filter takes the place of the state matcher."""
        text = request.filter or f"status.state = {MATCHED[request.job_state_matcher]}"
        keep = rules.matcher(text, job_matches)
        with self._behaviour.lock:
            found = [
                dp.Job(entry.job)
                for key, entry in reversed(self._entries.items())
                if key[:2] == (request.project_id, request.region)
                and request.cluster_name in ("", entry.job.placement.cluster_name)
                and keep(entry.job)
            ]
        jobs, token = rules.page(found, request.page_size, request.page_token)
        return dp.ListJobsResponse(jobs=jobs, next_page_token=token)

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
            # who would write the end is deleted with the cluster
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

    def output_of(self, job_id: str) -> bytes:
        """What the driver of the newest job of this id has written, stored or not."""
        for key, entry in reversed(self._entries.items()):
            if key[2] == job_id:
                return entry.output.written
        raise KeyError(job_id)

    def stop(self) -> None:
        """End every job that still runs."""
        for key in list(self._entries):
            self.cancel(key)

    def _run(self, entry: Entry) -> int | Ending:
        outcome: int | Ending = 0
        for attempt in range(1 + restarts(entry.job.scheduling)):
            entry.driver.running.attempt = attempt
            if attempt:
                self._set(entry, State.ATTEMPT_FAILURE, f"Driver exited with code {outcome}")
            outcome = self._attempt(entry)
            if outcome == 0 or isinstance(outcome, Ending):
                break
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

    def _attempt(self, entry: Entry) -> int | Ending:
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

    def _describe(self, key: Key) -> dp.JobMetadata:
        return dp.JobMetadata(
            job_id=key[2], status=self._find(key).job.status, operation_type="SUBMIT"
        )
