"""Workflows, whose steps run one after the other, without a cluster and jobs of their own."""

from __future__ import annotations

import threading
from typing import Any

import grpc
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import Behaviour, Driver
from tests.support.dataproc.fake_clusters import FakeClusters
from tests.support.dataproc.fake_operations import FakeOperations
from tests.support.dataproc.fake_server import ApiError

Node = dp.WorkflowNode.NodeState


class FakeWorkflows:
    """The WorkflowTemplateService; only inline instantiation is implemented."""

    name = "google.cloud.dataproc.v1.WorkflowTemplateService"
    rpcs = ("instantiate_inline_workflow_template",)

    def __init__(
        self, behaviour: Behaviour, operations: FakeOperations, clusters: FakeClusters
    ) -> None:
        self._behaviour = behaviour
        self._operations = operations
        self._clusters = clusters
        self._last: dict[str, str] = {}

    def instantiate_inline_workflow_template(
        self, request: dp.InstantiateInlineWorkflowTemplateRequest
    ) -> operations_pb2.Operation:
        """Start the workflow, unless one with this id runs."""
        last = self._last.get(request.request_id)
        if last is None or self._operations.describe(last).done:
            last = self._last[request.request_id] = self._start(request)
        return self._operations.describe(last)

    def _start(self, request: dp.InstantiateInlineWorkflowTemplateRequest) -> str:
        template, cancelled = request.template, threading.Event()
        rules.check_template(template)
        managed = template.placement.managed_cluster
        nodes = [{"step_id": step.step_id, "state": Node.BLOCKED} for step in template.jobs]
        # Any: proto-plus annotates enums as the wire has them
        metadata: Any = dp.WorkflowMetadata(
            cluster_name=f"{managed.cluster_name}-1", graph={"nodes": nodes}
        )

        def work() -> None:
            self._clusters.check(managed.config)
            for step, node in zip(template.jobs, metadata.graph.nodes, strict=True):
                node.job_id, node.state = f"{step.step_id}-1", Node.RUNNING
                driver = Driver(node.job_id, step.pyspark_job, "", self._behaviour, cancelled)
                if driver.run():
                    node.state, node.error = Node.FAILED, driver.last_line()
                    message = f"Job '{node.job_id}' failed: {node.error}"
                    raise ApiError(grpc.StatusCode.ABORTED, message)
                node.state = Node.COMPLETED

        parent = rules.split_parent(request.parent)
        return self._operations.start(parent, work, cancel=cancelled.set, metadata=metadata)
