"""Jobs on clusters, and batches without one, each with a driver in a thread."""

from __future__ import annotations

import uuid
from typing import Any

import grpc
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import STAGING_BUCKET, Behaviour, Driver
from tests.support.dataproc.fake_clusters import FakeClusters, Key
from tests.support.dataproc.fake_operations import FakeOperations
from tests.support.dataproc.fake_server import ApiError

METAINFO = "google-cloud-dataproc-metainfo"
JobState = dp.JobStatus.State
BatchState = dp.Batch.State


class FakeJobs:
    """The JobController."""

    name = "google.cloud.dataproc.v1.JobController"
    rpcs = ("submit_job", "get_job", "list_jobs", "cancel_job")

    def __init__(self, behaviour: Behaviour, clusters: FakeClusters) -> None:
        self._behaviour = behaviour
        self._clusters = clusters
        self._entries: dict[Key, tuple[dp.Job, Driver]] = {}

    def submit_job(self, request: dp.SubmitJobRequest) -> dp.Job:
        """Start the job; a repeated request returns it as it stands."""
        parent = (request.project_id, request.region)
        key = self._behaviour.once(
            "SubmitJob", request.request_id, lambda: self._submit(parent, dp.Job(request.job))
        )
        return self._copy(key)

    def get_job(self, request: dp.GetJobRequest) -> dp.Job:
        return self._copy((request.project_id, request.region, request.job_id))

    def list_jobs(self, request: dp.ListJobsRequest) -> dp.ListJobsResponse:
        """All jobs on one page, newest first; filters and states are not looked at."""
        with self._behaviour.lock:
            found = [
                dp.Job(job)
                for key, (job, _) in reversed(self._entries.items())
                if key[:2] == (request.project_id, request.region)
                and request.cluster_name in ("", job.placement.cluster_name)
            ]
        return dp.ListJobsResponse(jobs=found)

    def cancel_job(self, request: dp.CancelJobRequest) -> dp.Job:
        """Ask the job to end; one that has ended stays as it is."""
        key = (request.project_id, request.region, request.job_id)
        job = self._copy(key)
        self._entries[key][1].cancelled.set()
        return job

    def _submit(self, parent: tuple[str, str], job: dp.Job) -> Key:
        job_id = job.reference.job_id
        rules.check_name("job id", job_id, rules.JOB_ID)
        rules.check_labels(job.labels)
        rules.check_python(job.pyspark_job)
        key = (*parent, job_id)
        with self._behaviour.lock:
            if key in self._entries:
                raise rules.already_exists(f"Job {job_id}")
            cluster = self._clusters.accepting((*parent, job.placement.cluster_name))
            job.placement.cluster_uuid = cluster.cluster_uuid
            folder = f"{cluster.config.config_bucket}/{METAINFO}/{cluster.cluster_uuid}"
            uri = job.driver_output_resource_uri = f"gs://{folder}/jobs/{job_id}/driveroutput"
            job.status = dp.JobStatus(state=JobState.PENDING)
            driver = Driver(job_id, job.pyspark_job, uri, self._behaviour)
            self._entries[key] = (job, driver)
        self._behaviour.spawn(lambda: self._run(job, driver))
        return key

    def _run(self, job: dp.Job, driver: Driver) -> None:
        self._set(job, JobState.RUNNING)
        code = driver.run()
        if driver.cancelled.is_set():
            self._set(job, JobState.CANCELLED, "Job was cancelled")
        elif code:
            message = f"Job failed with message [{driver.last_line()}]. Additional details at:"
            self._set(job, JobState.ERROR, f"{message}\n{job.driver_output_resource_uri}.*")
        else:
            self._set(job, JobState.DONE)
        driver.close()

    def _set(self, job: dp.Job, state: int, details: str = "") -> None:
        with self._behaviour.lock:
            job.status = dp.JobStatus(state=state, details=details)

    def _copy(self, key: Key) -> dp.Job:
        with self._behaviour.lock:
            if key not in self._entries:
                raise rules.not_found(f"Job {key[2]}")
            return dp.Job(self._entries[key][0])


class FakeBatches:
    """The BatchController."""

    name = "google.cloud.dataproc.v1.BatchController"
    rpcs = ("create_batch", "get_batch")

    def __init__(self, behaviour: Behaviour, operations: FakeOperations) -> None:
        self._behaviour = behaviour
        self._operations = operations
        self._batches: dict[str, Any] = {}

    def create_batch(self, request: dp.CreateBatchRequest) -> operations_pb2.Operation:
        """Start the batch; its operation ends when it does."""
        operation = self._behaviour.once(
            "CreateBatch", request.request_id, lambda: self._create(request)
        )
        return self._operations.describe(operation)

    def get_batch(self, request: dp.GetBatchRequest) -> dp.Batch:
        with self._behaviour.lock:
            if request.name not in self._batches:
                raise rules.not_found(f"Batch {request.name}")
            return dp.Batch(self._batches[request.name])

    def _create(self, request: dp.CreateBatchRequest) -> str:
        parent = rules.split_parent(request.parent, collections="locations")
        rules.check_name("batch id", request.batch_id, rules.BATCH_ID)
        rules.check_labels(request.batch.labels)
        rules.check_python(request.batch.pyspark_batch)
        execution = request.batch.environment_config.execution_config
        modern = request.batch.runtime_config.version >= "3.0"
        if modern and execution.authentication_config.user_workload_authentication_type != 1:
            raise rules.invalid("The user has not consented to END_USER_CREDENTIALS")
        if modern and execution.staging_bucket:
            raise rules.invalid("Runtimes from 3.0 on use no staging bucket")
        name = f"{request.parent}/batches/{request.batch_id}"
        if name in self._batches:
            raise rules.already_exists(f"Batch {name}")
        # Any: proto-plus annotates enums as the wire has them
        batch: Any = dp.Batch(request.batch)
        batch.name, batch.uuid, batch.state = name, str(uuid.uuid4()), BatchState.PENDING
        if not modern:
            bucket = execution.staging_bucket or STAGING_BUCKET
            batch.runtime_info.output_uri = f"gs://{bucket}/{METAINFO}/{batch.uuid}/driveroutput"
        uri = batch.runtime_info.output_uri
        driver = Driver(request.batch_id, batch.pyspark_batch, uri, self._behaviour)
        self._batches[name] = batch
        batch.operation = self._operations.start(
            parent, lambda: self._run(batch, driver), cancel=driver.cancelled.set
        )
        return str(batch.operation)

    def _run(self, batch: Any, driver: Driver) -> None:
        self._set(batch, BatchState.RUNNING)
        code = driver.run()
        driver.close()
        if driver.cancelled.is_set():
            self._set(batch, BatchState.CANCELLED, "Batch was cancelled")
            raise ApiError(grpc.StatusCode.CANCELLED, "Batch was cancelled")
        if code:
            message = f"Batch job is FAILED. Detail: {driver.last_line()}"
            self._set(batch, BatchState.FAILED, message)
            raise ApiError(grpc.StatusCode.ABORTED, message)
        self._set(batch, BatchState.SUCCEEDED)

    def _set(self, batch: Any, state: int, message: str = "") -> None:
        with self._behaviour.lock:
            batch.state, batch.state_message = state, message
