"""Workflows: a cluster is created, steps run one after the other, the cluster is deleted."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import grpc
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import now
from tests.support.dataproc.fake_clusters import FakeClusters, Key
from tests.support.dataproc.fake_jobs import FakeJobs
from tests.support.dataproc.fake_operations import FakeOperations
from tests.support.dataproc.fake_server import ApiError

Node = dp.WorkflowNode.NodeState


class FakeWorkflows:
    """The WorkflowTemplateService; only inline instantiation is implemented."""

    name = "google.cloud.dataproc.v1.WorkflowTemplateService"
    rpcs = ("instantiate_inline_workflow_template",)

    def __init__(
        self,
        operations: FakeOperations,
        clusters: FakeClusters,
        jobs: FakeJobs,
    ) -> None:
        self.operations = operations
        self.clusters = clusters
        self.jobs = jobs
        self._operations: dict[str, str] = {}
        self._running: list[WorkflowRun] = []

    def instantiate_inline_workflow_template(
        self, request: dp.InstantiateInlineWorkflowTemplateRequest
    ) -> operations_pb2.Operation:
        """Start the workflow; its operation ends when the cluster is gone."""
        same = self._operations.get(request.request_id)
        if same is None or not request.request_id or self.operations.describe(same).done:
            # an id only prevents two workflows at the same time
            same = self._operations[request.request_id] = self._start(request)
        return self.operations.describe(same)

    def stop(self) -> None:
        """Cancel every workflow that still runs."""
        for run in self._running:
            run.cancelled.set()

    def _start(self, request: dp.InstantiateInlineWorkflowTemplateRequest) -> str:
        order = rules.check_template(request.template)
        run = WorkflowRun(rules.split_parent(request.parent), request.template, order, self)
        self._running.append(run)
        return self.operations.start(
            run.parent,
            metadata=lambda: dp.WorkflowMetadata(run.metadata),
            work=run.work,
            cancel=run.cancel,
        )


class WorkflowRun:
    """One running workflow; `metadata` shows its progress."""

    def __init__(
        self,
        parent: tuple[str, str],
        template: dp.WorkflowTemplate,
        order: list[str],
        services: FakeWorkflows,
    ) -> None:
        self.parent = parent
        self.cancelled = threading.Event()
        self._template = template
        self._services = services
        self._job: Key | None = None
        prefix = template.placement.managed_cluster.cluster_name
        # Any: proto-plus annotates timestamps and enums as the wire has them
        self.metadata: Any = dp.WorkflowMetadata(
            cluster_name=f"{prefix}-{uuid.uuid4().hex[:13]}",
            start_time=now(),
            graph={"nodes": [{"step_id": one, "state": Node.BLOCKED} for one in order]},
        )

    def cancel(self) -> None:
        """End the job that runs, delete the cluster, and let the operation end as CANCELLED."""
        self.cancelled.set()
        if self._job:
            self._services.jobs.cancel(self._job)

    def work(self) -> empty_pb2.Empty:
        """Run the workflow and delete the cluster. Raises ApiError if it fails."""
        clusters, operations = self._services.clusters, self._services.operations
        key = (*self.parent, self.metadata.cluster_name)
        managed = self._template.placement.managed_cluster
        cluster = dp.Cluster(
            cluster_name=key[2], config=managed.config, labels=dict(managed.labels)
        )
        creation = clusters.create(key, cluster, workflow=True)
        try:
            operations.wait(creation)
            steps = {step.step_id: step for step in self._template.jobs}
            for node in self.metadata.graph.nodes:
                self._run_step(steps[node.step_id], node)
        finally:
            operations.wait(clusters.delete(key))
        return empty_pb2.Empty()

    def _run_step(self, step: dp.OrderedJob, node: Any) -> None:
        job = dp.Job(
            reference={"job_id": f"{step.step_id}-{uuid.uuid4().hex[:13]}"},
            placement={"cluster_name": self.metadata.cluster_name},
            pyspark_job=step.pyspark_job,
            labels={**self._template.labels, **step.labels},
        )
        key = self._job = self._services.jobs.submit(self.parent, job)
        node.job_id, node.state = key[2], Node.RUNNING
        if self.cancelled.is_set():
            self.cancel()
        try:
            self._services.jobs.result(key)
        except ApiError as error:
            node.state, node.error = Node.FAILED, error.message
            if self.cancelled.is_set():
                raise ApiError(grpc.StatusCode.CANCELLED, "Workflow was cancelled") from error
            message = f"Job '{key[2]}' of step '{step.step_id}' failed: {error.message}"
            raise ApiError(grpc.StatusCode.ABORTED, message) from error
        node.state = Node.COMPLETED
