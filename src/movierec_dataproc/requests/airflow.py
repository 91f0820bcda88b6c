"""Our requests as the arguments of the Dataproc operators in Airflow's Google provider."""

from __future__ import annotations

from typing import Any

from google.cloud import dataproc_v1 as dp

from movierec_dataproc.conf.target import Target

Task = dict[str, Any]
"""The name of an operator's class, and its keyword arguments, of which JSON can hold each."""


def task(task_id: str, request: Any, *, target: Target) -> Task | None:
    """Return the Airflow task with the request's effect, None if the provider has no operator.

    It has no ids of jobs, batches and requests: Dataproc refuses an id or answers with the old job,
    but each run of a DAG needs its own. A stage that is done skips itself.
    """
    tree = type(request).to_dict(
        request, use_integers_for_enums=False, always_print_fields_with_no_presence=False
    )
    if isinstance(request, dp.CreateClusterRequest):
        cluster = tree["cluster"]
        operator, own = "CreateCluster", {"cluster_config": cluster["config"]}
        own |= {name: cluster[name] for name in ("cluster_name", "labels")}
    elif isinstance(request, dp.DeleteClusterRequest):
        operator, own = "DeleteCluster", {"cluster_name": request.cluster_name}
    elif isinstance(request, dp.SubmitJobRequest):
        job = {name: value for name, value in tree["job"].items() if name != "reference"}
        operator, own = "SubmitJob", {"job": job}
    elif isinstance(request, dp.CreateBatchRequest):
        operator, own = "CreateBatch", {"batch": tree["batch"]}
    elif isinstance(request, dp.InstantiateInlineWorkflowTemplateRequest):
        operator, own = "InstantiateInlineWorkflowTemplate", {"template": tree["template"]}
    else:
        return None
    arguments = {"task_id": task_id, **target.place, **own}
    return {"operator": f"Dataproc{operator}Operator", "arguments": arguments}
