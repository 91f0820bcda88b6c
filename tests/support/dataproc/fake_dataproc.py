"""A fake Dataproc in this process, for the real clients of google.cloud.dataproc_v1 over gRPC.

    with FakeDataproc(storage=store) as server:
        channel = grpc.insecure_channel(server.address)
        client = dp.JobControllerClient(transport=JobControllerGrpcTransport(channel=channel))

It keeps everything in memory, checks the service's rules, and runs each job by calling
`server.runner` in a thread. It has no machines, ignores times to live, and runs only PySpark jobs.
"""

from __future__ import annotations

from typing import Any

import grpc

from tests.support.dataproc.fake_batches import FakeBatches
from tests.support.dataproc.fake_behaviour import Behaviour
from tests.support.dataproc.fake_clusters import FakeClusters
from tests.support.dataproc.fake_jobs import FakeJobs
from tests.support.dataproc.fake_operations import FakeOperations, RequestIds
from tests.support.dataproc.fake_policies import FakePolicies
from tests.support.dataproc.fake_server import ApiError, Call, GrpcServer
from tests.support.dataproc.fake_workflows import FakeWorkflows

CPU_QUOTA = "Insufficient 'CPUS' quota. Requested 24.0, available 8.0."


class FakeDataproc(Behaviour):
    """All services on one address; the settings are those of Behaviour."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        request_ids = RequestIds(self)
        self.operations = FakeOperations(self)
        self.policies = FakePolicies(self)
        self.clusters = FakeClusters(self, self.operations, request_ids, self.policies)
        self.jobs = FakeJobs(self, self.operations, request_ids, self.clusters)
        self.workflows = FakeWorkflows(self, self.operations, request_ids, self.clusters, self.jobs)
        self.batches = FakeBatches(self, self.operations, request_ids)
        self._grpc = GrpcServer(
            [
                self.operations,
                self.policies,
                self.clusters,
                self.jobs,
                self.workflows,
                self.batches,
            ]
        )
        self.fail_next = self._grpc.fail_next
        self.calls_of = self._grpc.calls_of

    def __enter__(self) -> FakeDataproc:
        self._grpc.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """host:port"""
        return self._grpc.address

    @property
    def calls(self) -> list[Call]:
        """Every call that arrived, oldest first."""
        return self._grpc.calls

    def stop(self) -> None:
        """Close the connections and end everything that runs; nothing is written afterwards."""
        self._grpc.stop()
        self.stopping.set()
        self.workflows.stop()
        self.jobs.stop()
        self.batches.stop()
        self.join_threads(seconds=5)

    def break_next_cluster(
        self,
        code: grpc.StatusCode = grpc.StatusCode.RESOURCE_EXHAUSTED,
        message: str = CPU_QUOTA,
    ) -> None:
        """Let the operation of the next CreateCluster fail; the cluster is in the state ERROR."""
        self.clusters.broken.append(ApiError(code, message))
