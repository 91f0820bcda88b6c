"""The real clients of google.cloud.dataproc_v1, on a channel without TLS and credentials."""

from __future__ import annotations

from typing import Any

from google.cloud import dataproc_v1 as dp

from movierec_dataproc.google.clients import DATAPROC_EMULATOR, Clients

PROJECT, REGION = "test-project", "europe-west1"
PLACE = {"project_id": PROJECT, "region": REGION}
REGION_PATH = f"projects/{PROJECT}/regions/{REGION}"
LOCATION_PATH = f"projects/{PROJECT}/locations/{REGION}"


class RealClients(Clients):
    """The clients of a server; what a test asks of them often has a method here."""

    def __init__(self, address: str) -> None:
        super().__init__(project=PROJECT, region=REGION, environ={DATAPROC_EMULATOR: address})

    def make_cluster(self, name: str = "c1", **cluster: Any) -> None:
        """Create a cluster and wait until it runs."""
        request = {**PLACE, "cluster": {"cluster_name": name, **cluster}}
        operation = self.clusters.create_cluster(request=request).operation.name
        while not self.operations.get_operation(operation).done:
            pass  # the fake answers after POLL_SECONDS

    def get_cluster(self, name: str = "c1") -> dp.Cluster:
        return self.clusters.get_cluster(request={**PLACE, "cluster_name": name})

    def submit(self, job_id: str = "job-1", *, request_id: str = "", **job: Any) -> dp.Job:
        """SubmitJob of a PySpark job on the cluster c1."""
        wanted = {
            "reference": {"job_id": job_id},
            "placement": {"cluster_name": "c1"},
            "pyspark_job": {"main_python_file_uri": "gs://b/main.py", "args": ["--x", "1"]},
            **job,
        }
        return self.jobs.submit_job(request={**PLACE, "job": wanted, "request_id": request_id})

    def get_job(self, job_id: str = "job-1") -> dp.Job:
        return self.jobs.get_job(request={**PLACE, "job_id": job_id})

    def begin_workflow(self, *jobs: dict[str, Any], **fields: Any) -> Any:
        """InstantiateInlineWorkflowTemplate's operation, on a managed cluster `flow-*`."""
        template = {
            "placement": {"managed_cluster": {"cluster_name": "flow", "config": {}}},
            "jobs": list(jobs),
            **fields,
        }
        return self.workflows.instantiate_inline_workflow_template(
            request={"parent": REGION_PATH, "template": template}
        )

    def begin_batch(self, batch_id: str = "batch-1", *, request_id: str = "") -> Any:
        """CreateBatch's operation."""
        batch = {"pyspark_batch": {"main_python_file_uri": "gs://b/main.py"}}
        request = {"batch": batch, "batch_id": batch_id, "request_id": request_id}
        return self.batches.create_batch(request={"parent": LOCATION_PATH, **request})


def step(step_id: str, *needs: str) -> dict[str, Any]:
    """A workflow's step that runs `<step_id>.py` after the steps it needs."""
    return {
        "step_id": step_id,
        "prerequisite_step_ids": list(needs),
        "pyspark_job": {"main_python_file_uri": f"gs://b/{step_id}.py"},
    }
