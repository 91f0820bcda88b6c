"""A fake Dataproc in this process, for the real clients of google.cloud.dataproc_v1 over gRPC.

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
from tests.support.dataproc.fake_server import ApiError, GrpcServer
from tests.support.dataproc.fake_workflows import FakeWorkflows


class FakeDataproc(Behaviour):
    """All services on one address; the settings are those of Behaviour."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.proceed.set()
        request_ids = RequestIds(self)
        operations = FakeOperations(self)
        policies = FakePolicies()
        self._clusters = FakeClusters(self, operations, request_ids, policies)
        self._jobs = FakeJobs(self, request_ids, self._clusters)
        self._workflows = FakeWorkflows(operations, self._clusters, self._jobs)
        self._batches = FakeBatches(self, operations, request_ids)
        jobs = (self._jobs, self._workflows, self._batches)
        self._grpc = GrpcServer([operations, policies, self._clusters, *jobs])
        self.set_cluster_states = self._clusters.set_states
        self.calls = self._grpc.calls
        self.calls_of = self._grpc.calls_of
        self.fail_next = self._grpc.fail_next

    def __enter__(self) -> FakeDataproc:
        self._grpc.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close the connections and end everything that runs."""
        self._grpc.stop()
        self.proceed.set()
        self._workflows.stop()
        self._jobs.stop()
        self._batches.stop()
        self.join_threads()

    @property
    def address(self) -> str:
        return self._grpc.address

    def break_next_cluster(self) -> None:
        """Let the operation of the next CreateCluster fail; the cluster is in the state ERROR."""
        message = "The zone has insufficient resources: ZONE_RESOURCE_POOL_EXHAUSTED"
        self._clusters.broken.append(ApiError(grpc.StatusCode.RESOURCE_EXHAUSTED, message))
