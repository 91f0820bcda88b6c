"""A fake Dataproc in this process, for the real clients of google.cloud.dataproc_v1 over gRPC.

It keeps everything in memory, checks the service's rules, and runs each job by calling
`server.runner` in a thread. It has no machines, ignores times to live, and runs only PySpark jobs.
"""

from __future__ import annotations

from typing import Any

from tests.support.dataproc.fake_behaviour import Behaviour
from tests.support.dataproc.fake_clusters import FakeClusters, FakePolicies
from tests.support.dataproc.fake_jobs import FakeBatches, FakeJobs
from tests.support.dataproc.fake_operations import FakeOperations
from tests.support.dataproc.fake_server import GrpcServer
from tests.support.dataproc.fake_workflows import FakeWorkflows


class FakeDataproc(Behaviour):
    """All services on one address; the settings are those of Behaviour."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.proceed.set()
        operations, policies = FakeOperations(self), FakePolicies()
        clusters = FakeClusters(self, operations, policies)
        jobs, batches = FakeJobs(self, clusters), FakeBatches(self, operations)
        workflows = FakeWorkflows(self, operations, clusters)
        self._grpc = GrpcServer([operations, policies, clusters, jobs, batches, workflows])
        self.set_cluster_states = clusters.set_states
        self.calls = self._grpc.calls
        self.calls_of = self._grpc.calls_of
        self.fail_next = self._grpc.fail_next

    def __enter__(self) -> FakeDataproc:
        self._grpc.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close the connections and end everything that runs."""
        self._grpc.stop()
        self.end()

    @property
    def address(self) -> str:
        return self._grpc.address
