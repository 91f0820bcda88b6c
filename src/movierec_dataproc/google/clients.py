"""Google's clients, all created here, so that tests can connect them to their own server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeVar

import grpc
from google.cloud import dataproc_v1 as dp
from google.cloud.storage import Client as StorageClient

from movierec_dataproc.google.errors import explained

DATAPROC_EMULATOR = "DATAPROC_EMULATOR_HOST"
"""host:port of a server that speaks Dataproc's gRPC without TLS and credentials."""
C = TypeVar("C")


def _client(kind: type[C]) -> cached_property[C]:
    return cached_property(lambda clients: clients._make(kind))


class Clients:
    """The clients for one project and region, each created at its first use.

    The first use of a client raises CredentialsError if it needs credentials and finds none.
    """

    def __init__(
        self, *, project: str, region: str, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._project = project
        self._endpoint = f"{region}-dataproc.googleapis.com:443"
        emulator = environ.get(DATAPROC_EMULATOR)
        self._channel = grpc.insecure_channel(emulator) if emulator else None

    clusters = _client(dp.ClusterControllerClient)
    jobs = _client(dp.JobControllerClient)
    workflows = _client(dp.WorkflowTemplateServiceClient)
    batches = _client(dp.BatchControllerClient)
    policies = _client(dp.AutoscalingPolicyServiceClient)

    @cached_property
    def operations(self) -> Any:
        """The client for long-running operations of every service."""
        return self.clusters.transport.operations_client

    @cached_property
    def storage(self) -> StorageClient:
        """The client for Cloud Storage, which reads STORAGE_EMULATOR_HOST itself."""
        with explained("Cloud Storage"):
            return StorageClient(project=self._project)

    def _make(self, kind: type[C]) -> C:
        """Return a client of this kind, on the channel or at the region's endpoint.

        The global endpoint refuses requests for a region.
        """
        maker: Any = kind
        options: dict[str, Any] = {"client_options": {"api_endpoint": self._endpoint}}
        if self._channel is not None:
            options = {"transport": maker.get_transport_class("grpc")(channel=self._channel)}
        with explained(f"Dataproc at {self._endpoint}"):
            client: C = maker(**options)
        return client
