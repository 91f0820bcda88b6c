"""Workflows: a cluster is created, steps run as soon as they can, the cluster is deleted."""

from __future__ import annotations

import uuid
from contextlib import suppress
from queue import Queue
from typing import Any

import grpc
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import Behaviour, now
from tests.support.dataproc.fake_clusters import FakeClusters, Key
from tests.support.dataproc.fake_jobs import FakeJobs
from tests.support.dataproc.fake_operations import FakeOperations, RequestIds
from tests.support.dataproc.fake_server import ApiError

Node = dp.WorkflowNode.NodeState
State = dp.WorkflowMetadata.State


class FakeWorkflows:
    """The WorkflowTemplateService; only inline instantiation is implemented."""

    name = "google.cloud.dataproc.v1.WorkflowTemplateService"
    rpcs = ("instantiate_inline_workflow_template",)

    def __init__(
        self,
        behaviour: Behaviour,
        operations: FakeOperations,
        request_ids: RequestIds,
        clusters: FakeClusters,
        jobs: FakeJobs,
    ) -> None:
        self._behaviour = behaviour
        self._operations = operations
        self._request_ids = request_ids
        self._clusters = clusters
        self._jobs = jobs
        self._running: list[WorkflowRun] = []

    def instantiate_inline_workflow_template(
        self, request: dp.InstantiateInlineWorkflowTemplateRequest
    ) -> operations_pb2.Operation:
        """Start the workflow; its operation ends when the cluster is gone."""
        parent = rules.split_parent(request.parent)
        rules.check_template(request.template)

        def make() -> str:
            run = WorkflowRun(
                parent,
                dp.WorkflowTemplate(request.template),
                operations=self._operations,
                clusters=self._clusters,
                jobs=self._jobs,
                behaviour=self._behaviour,
            )
            self._running.append(run)
            return self._operations.start(
                parent,
                metadata=lambda: dp.WorkflowMetadata(run.metadata),
                work=run.work,
                cancel=run.cancel,
            )

        operation = self._request_ids.once(
            "InstantiateInlineWorkflowTemplate", parent, request.request_id, make
        )
        return self._operations.describe(operation)

    def stop(self) -> None:
        """Cancel every workflow that still runs."""
        for run in self._running:
            run.cancel()


class WorkflowRun:
    """One running workflow; `metadata` shows its progress."""

    def __init__(
        self,
        parent: tuple[str, str],
        template: dp.WorkflowTemplate,
        *,
        operations: FakeOperations,
        clusters: FakeClusters,
        jobs: FakeJobs,
        behaviour: Behaviour,
    ) -> None:
        self._parent = parent
        self._template = template
        self._operations = operations
        self._clusters = clusters
        self._jobs = jobs
        self._lock = behaviour.lock
        # step ids as their jobs end; None when the workflow is cancelled
        self._events: Queue[str | None] = Queue()
        self._steps: dict[str, dp.OrderedJob] = {step.step_id: step for step in template.jobs}
        self._started: dict[str, Key] = {}
        prefix = template.placement.managed_cluster.cluster_name
        # Any: proto-plus annotates timestamps and enums as the wire has them
        self.metadata: Any = dp.WorkflowMetadata(
            cluster_name=f"{prefix}-{uuid.uuid4().hex[:13]}",
            state=State.PENDING,
            start_time=now(),
            graph={
                "nodes": [
                    {
                        "step_id": step.step_id,
                        "prerequisite_step_ids": list(step.prerequisite_step_ids),
                        "state": Node.BLOCKED if step.prerequisite_step_ids else Node.RUNNABLE,
                    }
                    for step in template.jobs
                ]
            },
        )

    @property
    def cluster(self) -> Key:
        """The key of the managed cluster."""
        return (*self._parent, self.metadata.cluster_name)

    def cancel(self) -> None:
        """End the jobs, delete the cluster, and let the operation end as CANCELLED."""
        self._events.put(None)

    def work(self) -> empty_pb2.Empty:
        """Run the workflow and delete the cluster. Raises ApiError if it fails."""
        self.metadata.state = State.RUNNING
        try:
            self._create_cluster()
            self._run_steps()
        finally:
            self._delete_cluster()
            with self._lock:
                self.metadata.state = State.DONE
                self.metadata.end_time = now()
        return empty_pb2.Empty()

    def _create_cluster(self) -> None:
        managed = self._template.placement.managed_cluster
        cluster = dp.Cluster(
            cluster_name=self.metadata.cluster_name,
            config=managed.config,
            labels={**self._template.labels, **managed.labels},
        )
        operation = self._clusters.create(self.cluster, cluster)
        self.metadata.create_cluster = dp.ClusterOperation(operation_id=operation)
        try:
            made = self._operations.wait(operation)
        except ApiError as error:
            self.metadata.create_cluster.error = error.message
            raise
        finally:
            self.metadata.create_cluster.done = True
        self.metadata.cluster_uuid = made.cluster_uuid

    def _delete_cluster(self) -> None:
        # if the service refuses the config, there is no cluster
        if not self.metadata.create_cluster.operation_id:
            return
        # somebody else may have deleted it
        with suppress(ApiError):
            operation = self._clusters.delete(self.cluster)
            self.metadata.delete_cluster = dp.ClusterOperation(operation_id=operation)
            self._operations.wait(operation)
            self.metadata.delete_cluster.done = True

    def _run_steps(self) -> None:
        if not self._events.empty():
            raise ApiError(grpc.StatusCode.CANCELLED, "Workflow was cancelled")
        self.metadata.dag_start_time = now()
        self._start_ready_steps()
        while any(node.state == Node.RUNNING for node in self.metadata.graph.nodes):
            step_id = self._events.get()
            if step_id is None:
                self._end_running("Workflow was cancelled")
                raise ApiError(grpc.StatusCode.CANCELLED, "Workflow was cancelled")
            self._take_result(step_id)
            self._start_ready_steps()
        self.metadata.dag_end_time = now()

    def _start_ready_steps(self) -> None:
        with self._lock:
            nodes = self.metadata.graph.nodes
            completed = {node.step_id for node in nodes if node.state == Node.COMPLETED}
            for node in nodes:
                if node.step_id in self._started or not completed.issuperset(
                    node.prerequisite_step_ids
                ):
                    continue
                node.state = Node.RUNNABLE
                key = self._submit(node.step_id)
                self._started[node.step_id] = key
                node.job_id, node.state = key[2], Node.RUNNING

    def _submit(self, step_id: str) -> Key:
        step = self._steps[step_id]
        job = dp.Job(
            reference={"job_id": f"{step_id}-{uuid.uuid4().hex[:13]}"},
            placement={"cluster_name": self.metadata.cluster_name},
            pyspark_job=step.pyspark_job,
            labels={
                **self._template.labels,
                **step.labels,
                "goog-dataproc-workflow-step-id": step_id.lower(),
            },
        )
        return self._jobs.submit(self._parent, job, on_end=lambda: self._events.put(step_id))

    def _take_result(self, step_id: str) -> None:
        key = self._started[step_id]
        try:
            self._jobs.result(key)
        except ApiError as error:
            self._set_node(step_id, Node.FAILED, error.message)
            self._end_running(f"Step '{step_id}' failed")
            message = f"Job '{key[2]}' of step '{step_id}' failed: {error.message}"
            raise ApiError(grpc.StatusCode.ABORTED, message) from error
        self._set_node(step_id, Node.COMPLETED)

    def _end_running(self, why: str) -> None:
        for node in self.metadata.graph.nodes:
            if node.state == Node.RUNNING:
                self._jobs.cancel(self._started[node.step_id])
                self._set_node(node.step_id, Node.FAILED, why)

    def _set_node(self, step_id: str, state: int, error: str = "") -> None:
        with self._lock:
            for node in self.metadata.graph.nodes:
                if node.step_id == step_id:
                    node.state, node.error = state, error
