"""Serverless batches: a driver without a cluster."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import Behaviour, RunningJob, now
from tests.support.dataproc.fake_driver import Driver, DriverOutput, Ending, last_exception
from tests.support.dataproc.fake_operations import FakeOperations, RequestIds
from tests.support.dataproc.fake_server import ApiError

State = dp.Batch.State
ENDED = {State.SUCCEEDED, State.FAILED, State.CANCELLED}


@dataclass
class Entry:
    """A batch and its driver."""

    batch: dp.Batch
    driver: Driver
    output: DriverOutput
    ended: threading.Event = field(default_factory=threading.Event)


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
        self._entries: dict[str, Entry] = {}

    def create_batch(self, request: dp.CreateBatchRequest) -> operations_pb2.Operation:
        """The batch is PENDING when this returns; its operation ends when it does."""
        parent = rules.split_parent(request.parent, collections="locations")
        operation = self._request_ids.once(
            "CreateBatch", parent, request.request_id, lambda: self._create(parent, request)
        )
        return self._operations.describe(operation)

    def get_batch(self, request: dp.GetBatchRequest) -> dp.Batch:
        """A copy of the batch as it stands."""
        with self._behaviour.lock:
            if request.name not in self._entries:
                raise rules.not_found(f"Batch {request.name}")
            return dp.Batch(self._entries[request.name].batch)

    def stop(self) -> None:
        """End every batch that still runs."""
        for entry in list(self._entries.values()):
            self._cancel(entry)

    def _create(self, parent: tuple[str, str], request: dp.CreateBatchRequest) -> str:
        batch_id = request.batch_id or str(uuid.uuid4())
        rules.check_name("batch id", batch_id, rules.BATCH_ID)
        rules.check_labels(request.batch.labels)
        if "pyspark_batch" not in request.batch:
            raise rules.invalid("The batch has no pyspark_batch")
        rules.check_python(request.batch.pyspark_batch)
        name = f"{request.parent}/batches/{batch_id}"
        if name in self._entries:
            raise rules.already_exists(f"Failed to create batch: Batch {name}")
        entry = self._entries[name] = self._entry(name, request.batch)
        entry.batch.operation = self._operations.start(
            parent,
            metadata=lambda: describe_work(entry.batch),
            work=lambda: self._run(entry),
            cancel=lambda: self._cancel(entry),
        )
        return str(entry.batch.operation)

    def _run(self, entry: Entry) -> dp.Batch:
        outcome: int | Ending | None = entry.driver.rest(self._behaviour.state_seconds)
        if outcome is None:
            self._set(entry, State.RUNNING)
            outcome = entry.driver.run()
        entry.output.close(end=self._behaviour.output_ends)
        if isinstance(outcome, Ending):
            self._set(entry, State.CANCELLED, "Batch was cancelled")
            raise ApiError(grpc.StatusCode.CANCELLED, "Batch was cancelled")
        if outcome:
            said = last_exception(entry.output.written) or f"exit code {outcome}"
            message = f"Batch job is FAILED. Detail: {said}"
            self._set(entry, State.FAILED, message)
            raise ApiError(grpc.StatusCode.ABORTED, message)
        self._set(entry, State.SUCCEEDED)
        return dp.Batch(entry.batch)

    def _cancel(self, entry: Entry) -> None:
        with self._behaviour.lock:
            if entry.batch.state in ENDED | {State.CANCELLING}:
                return
            self._set(entry, State.CANCELLING)
        entry.driver.stop(Ending.CANCELLED)

    def _set(self, entry: Entry, state: int, message: str = "") -> None:
        batch: Any = entry.batch
        with self._behaviour.lock:
            if batch.state == State.CANCELLING and state not in ENDED:
                return
            batch.state_history.append(
                dp.Batch.StateHistory(
                    state=batch.state,
                    state_message=batch.state_message,
                    state_start_time=batch.state_time,
                )
            )
            batch.state, batch.state_message, batch.state_time = state, message, now()

    def _entry(self, name: str, wanted: dp.Batch) -> Entry:
        # Any: proto-plus annotates timestamps and enums as the wire has them
        batch: Any = dp.Batch(wanted)
        batch.name, batch.uuid = name, str(uuid.uuid4())
        batch.state, batch.create_time, batch.state_time = State.PENDING, now(), now()
        bucket = wanted.environment_config.execution_config.staging_bucket
        batch.runtime_info.output_uri = (
            f"gs://{bucket or self._behaviour.staging_bucket}/google-cloud-dataproc-metainfo/"
            f"{batch.uuid}/jobs/srvls-batch-{batch.uuid}/driveroutput"
        )
        output = DriverOutput(
            batch.runtime_info.output_uri,
            self._behaviour.storage,
            self._behaviour.output_object_bytes,
        )
        running = RunningJob(job=as_job(batch), cluster=None, write=output.write)
        return Entry(batch=batch, driver=Driver(running, self._behaviour), output=output)


def as_job(batch: dp.Batch) -> dp.Job:
    """A batch as the job that a runner is given."""
    pyspark = batch.pyspark_batch
    return dp.Job(
        reference={"job_id": batch.name.rpartition("/")[2]},
        labels=dict(batch.labels),
        pyspark_job=dp.PySparkJob(
            main_python_file_uri=pyspark.main_python_file_uri,
            args=pyspark.args,
            python_file_uris=pyspark.python_file_uris,
            jar_file_uris=pyspark.jar_file_uris,
            file_uris=pyspark.file_uris,
            archive_uris=pyspark.archive_uris,
            properties=dict(batch.runtime_config.properties),
        ),
    )


def describe_work(batch: dp.Batch) -> dp.BatchOperationMetadata:
    """The metadata of a batch's operation."""
    return dp.BatchOperationMetadata(
        batch=batch.name,
        batch_uuid=batch.uuid,
        operation_type=dp.BatchOperationMetadata.BatchOperationType.BATCH,
        labels=dict(batch.labels),
    )
