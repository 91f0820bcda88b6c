"""Google's clients, all created here, so that tests can connect them to their own server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeVar

import grpc
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import dataproc_v1
from google.cloud.storage import Client as StorageClient

from movierec_dataproc.google.errors import explain

DATAPROC_EMULATOR = "DATAPROC_EMULATOR_HOST"
"""host:port of a server that speaks Dataproc's gRPC without TLS and credentials."""
C = TypeVar("C")


class Clients:
    """The clients for one project and region, each created at its first use.

    `channel` replaces the connection to Dataproc. The first use of a client raises
    CredentialsError if it needs credentials and finds none.
    """

    def __init__(
        self,
        *,
        project: str,
        region: str,
        channel: grpc.Channel | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._project = project
        self._endpoint = f"{region}-dataproc.googleapis.com:443"
        emulator = environ.get(DATAPROC_EMULATOR)
        if channel is None and emulator:
            channel = grpc.insecure_channel(emulator)
        self._channel = channel

    @cached_property
    def clusters(self) -> dataproc_v1.ClusterControllerClient:
        """The client for clusters."""
        return self._make(dataproc_v1.ClusterControllerClient)

    @cached_property
    def jobs(self) -> dataproc_v1.JobControllerClient:
        """The client for jobs."""
        return self._make(dataproc_v1.JobControllerClient)

    @cached_property
    def workflows(self) -> dataproc_v1.WorkflowTemplateServiceClient:
        """The client for workflows."""
        return self._make(dataproc_v1.WorkflowTemplateServiceClient)

    @cached_property
    def batches(self) -> dataproc_v1.BatchControllerClient:
        """The client for serverless batches."""
        return self._make(dataproc_v1.BatchControllerClient)

    @cached_property
    def policies(self) -> dataproc_v1.AutoscalingPolicyServiceClient:
        """The client for autoscaling policies."""
        return self._make(dataproc_v1.AutoscalingPolicyServiceClient)

    @cached_property
    def operations(self) -> Any:
        """The client for long-running operations of every service."""
        return self.clusters.transport.operations_client

    @cached_property
    def storage(self) -> StorageClient:
        """The client for Cloud Storage, which reads STORAGE_EMULATOR_HOST itself."""
        try:
            return StorageClient(project=self._project)
        except DefaultCredentialsError as error:
            raise explain(error, place="Cloud Storage") from None

    def _make(self, kind: type[C]) -> C:
        """Return a client of this kind, on the channel or at the region's endpoint.

        The global endpoint refuses requests for a region.
        """
        maker: Any = kind
        if self._channel is not None:
            transport = maker.get_transport_class("grpc")(channel=self._channel)
            client: C = maker(transport=transport)
            return client
        try:
            client = maker(client_options={"api_endpoint": self._endpoint})
        except DefaultCredentialsError as error:
            raise explain(error, place=f"Dataproc at {self._endpoint}") from None
        return client
