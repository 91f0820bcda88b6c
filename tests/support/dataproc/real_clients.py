"""The real clients of google.cloud.dataproc_v1, on a channel without TLS and credentials."""

from __future__ import annotations

import time
from typing import Any

import grpc
from google.api_core.future.polling import POLLING_PREDICATE
from google.api_core.retry import Retry
from google.cloud import dataproc_v1 as dp
from google.cloud.dataproc_v1.services.autoscaling_policy_service.transports import (
    AutoscalingPolicyServiceGrpcTransport,
)
from google.cloud.dataproc_v1.services.batch_controller.transports import (
    BatchControllerGrpcTransport,
)
from google.cloud.dataproc_v1.services.cluster_controller.transports import (
    ClusterControllerGrpcTransport,
)
from google.cloud.dataproc_v1.services.job_controller.transports import JobControllerGrpcTransport
from google.cloud.dataproc_v1.services.workflow_template_service.transports import (
    WorkflowTemplateServiceGrpcTransport,
)

PROJECT, REGION = "test-project", "europe-west1"
PLACE = {"project_id": PROJECT, "region": REGION}
REGION_PATH = f"projects/{PROJECT}/regions/{REGION}"
LOCATION_PATH = f"projects/{PROJECT}/locations/{REGION}"
POLLING = Retry(predicate=POLLING_PREDICATE, initial=0.01, maximum=0.05, timeout=20)


class RealClients:
    """One client per service; what a test asks of them often has a method here."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address)
        self.clusters = dp.ClusterControllerClient(
            transport=ClusterControllerGrpcTransport(channel=self.channel)
        )
        self.jobs = dp.JobControllerClient(
            transport=JobControllerGrpcTransport(channel=self.channel)
        )
        self.workflows = dp.WorkflowTemplateServiceClient(
            transport=WorkflowTemplateServiceGrpcTransport(channel=self.channel)
        )
        self.batches = dp.BatchControllerClient(
            transport=BatchControllerGrpcTransport(channel=self.channel)
        )
        self.policies = dp.AutoscalingPolicyServiceClient(
            transport=AutoscalingPolicyServiceGrpcTransport(channel=self.channel)
        )

    def begin_cluster(self, name: str = "c1", *, request_id: str = "", **cluster: Any) -> Any:
        """CreateCluster's operation."""
        request = {**PLACE, "cluster": {"cluster_name": name, **cluster}, "request_id": request_id}
        return self.clusters.create_cluster(request=request)

    def make_cluster(self, name: str = "c1", **cluster: Any) -> dp.Cluster:
        """A cluster that runs."""
        made: dp.Cluster = self.begin_cluster(name, **cluster).result(polling=POLLING)
        return made

    def get_cluster(self, name: str = "c1") -> dp.Cluster:
        """GetCluster."""
        return self.clusters.get_cluster(request={**PLACE, "cluster_name": name})

    def begin_delete(self, name: str = "c1", **fields: Any) -> Any:
        """DeleteCluster's operation."""
        return self.clusters.delete_cluster(request={**PLACE, "cluster_name": name, **fields})

    def submit(
        self, job_id: str = "job-1", *, cluster: str = "c1", request_id: str = "", **job: Any
    ) -> dp.Job:
        """SubmitJob of a PySpark job."""
        wanted = {
            "reference": {"job_id": job_id},
            "placement": {"cluster_name": cluster},
            "pyspark_job": {"main_python_file_uri": "gs://b/main.py", "args": ["--x", "1"]},
            **job,
        }
        return self.jobs.submit_job(request={**PLACE, "job": wanted, "request_id": request_id})

    def get_job(self, job_id: str = "job-1") -> dp.Job:
        """GetJob."""
        return self.jobs.get_job(request={**PLACE, "job_id": job_id})

    def finish(self, job_id: str = "job-1") -> dp.Job:
        """The job once it is done."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            job = self.get_job(job_id)
            if job.done:
                return job
            time.sleep(0.005)
        raise AssertionError(f"{job_id} is {job.status.state.name} after 20 s")

    def begin_workflow(self, *jobs: dict[str, Any], request_id: str = "", **fields: Any) -> Any:
        """InstantiateInlineWorkflowTemplate's operation, on a managed cluster `flow-*`."""
        template = {
            "placement": {"managed_cluster": {"cluster_name": "flow", "config": {}}},
            "jobs": list(jobs),
            **fields,
        }
        return self.workflows.instantiate_inline_workflow_template(
            request={"parent": REGION_PATH, "template": template, "request_id": request_id}
        )

    def begin_batch(self, batch_id: str = "batch-1", *, request_id: str = "", **batch: Any) -> Any:
        """CreateBatch's operation."""
        wanted = {"pyspark_batch": {"main_python_file_uri": "gs://b/main.py"}, **batch}
        return self.batches.create_batch(
            request={
                "parent": LOCATION_PATH,
                "batch": wanted,
                "batch_id": batch_id,
                "request_id": request_id,
            }
        )


def step(step_id: str, *needs: str, args: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    """A workflow's step that runs `<step_id>.py` after the steps it needs."""
    return {
        "step_id": step_id,
        "prerequisite_step_ids": list(needs),
        "pyspark_job": {"main_python_file_uri": f"gs://b/{step_id}.py", "args": list(args)},
        **fields,
    }
