"""Serverless batches: a driver without a cluster."""

from __future__ import annotations

import uuid
from typing import Any

import grpc
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import STAGING_BUCKET, Behaviour, now
from tests.support.dataproc.fake_driver import Driver
from tests.support.dataproc.fake_operations import FakeOperations, RequestIds
from tests.support.dataproc.fake_server import ApiError

State = dp.Batch.State


class FakeBatches:
    """The BatchController."""

    name = "google.cloud.dataproc.v1.BatchController"
    rpcs = ("create_batch", "get_batch")

    def __init__(
        self, behaviour: Behaviour, operations: FakeOperations, request_ids: RequestIds
    ) -> None:
        self._behaviour = behaviour
        self._operations = operations
        self._request_ids = request_ids
        self._batches: dict[str, Any] = {}
        self._drivers: dict[str, Driver] = {}

    def create_batch(self, request: dp.CreateBatchRequest) -> operations_pb2.Operation:
        """Start the batch; its operation ends when it does."""
        operation = self._request_ids.once(
            "CreateBatch", request.request_id, lambda: self._create(request)
        )
        return self._operations.describe(operation)

    def get_batch(self, request: dp.GetBatchRequest) -> dp.Batch:
        with self._behaviour.lock:
            if request.name not in self._batches:
                raise rules.not_found(f"Batch {request.name}")
            return dp.Batch(self._batches[request.name])

    def stop(self) -> None:
        """End every batch that still runs."""
        for driver in self._drivers.values():
            driver.cancelled.set()

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
        # Any: proto-plus annotates timestamps and enums as the wire has them
        batch: Any = dp.Batch(request.batch)
        batch.name, batch.uuid = name, str(uuid.uuid4())
        batch.state, batch.create_time, batch.state_time = State.PENDING, now(), now()
        bucket, place = execution.staging_bucket or STAGING_BUCKET, "google-cloud-dataproc-metainfo"
        if not modern:
            batch.runtime_info.output_uri = f"gs://{bucket}/{place}/{batch.uuid}/driveroutput"
        # the fields of a batch's driver are among those of a job's
        job = dp.PySparkJob.from_json(dp.PySparkBatch.to_json(batch.pyspark_batch))
        uri = batch.runtime_info.output_uri
        driver = Driver(request.batch_id, job, uri, self._behaviour)
        self._batches[name], self._drivers[name] = batch, driver
        operation = self._operations.start(
            parent,
            metadata=lambda: dp.BatchOperationMetadata(batch=name, batch_uuid=batch.uuid),
            work=lambda: self._run(batch, driver),
            cancel=driver.cancelled.set,
        )
        batch.operation = operation
        return operation

    def _run(self, batch: Any, driver: Driver) -> dp.Batch:
        self._set(batch, State.RUNNING)
        code = driver.run()
        driver.close()
        if driver.cancelled.is_set():
            self._set(batch, State.CANCELLED, "Batch was cancelled")
            raise ApiError(grpc.StatusCode.CANCELLED, "Batch was cancelled")
        if code:
            message = f"Batch job is FAILED. Detail: {driver.last_exception()}"
            self._set(batch, State.FAILED, message)
            raise ApiError(grpc.StatusCode.ABORTED, message)
        self._set(batch, State.SUCCEEDED)
        return dp.Batch(batch)

    def _set(self, batch: Any, state: int, message: str = "") -> None:
        with self._behaviour.lock:
            batch.state, batch.state_message, batch.state_time = state, message, now()
