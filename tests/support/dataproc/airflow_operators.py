"""What the operators of apache-airflow-providers-google 22.8.0 take, and the requests they send.

Copied from its operators/dataproc.py and hooks/dataproc.py, because Airflow is too large for a
dependency of these tests.
"""

from __future__ import annotations

from typing import Any

from google.cloud import dataproc_v1 as dp

_OPERATOR = {"task_id", "trigger_rule", "retries", "project_id", "region", "gcp_conn_id"}
_OPERATOR |= {"impersonation_chain", "request_id", "retry", "timeout", "metadata", "deferrable"}
_OPERATOR |= {"polling_interval_seconds"}
PARAMETERS = {
    "DataprocCreateClusterOperator": _OPERATOR
    | {"cluster_name", "cluster_config", "virtual_cluster_config", "labels", "delete_on_error"}
    | {"use_if_exists", "num_retries_if_resource_is_not_ready"},
    "DataprocDeleteClusterOperator": _OPERATOR | {"cluster_name", "cluster_uuid"},
    "DataprocSubmitJobOperator": _OPERATOR
    | {"job", "asynchronous", "cancel_on_kill", "wait_timeout"},
    "DataprocCreateBatchOperator": _OPERATOR
    | {"batch", "batch_id", "batch_id_prefix", "num_retries_if_resource_is_not_ready"}
    | {"result_retry", "asynchronous"},
    "DataprocInstantiateInlineWorkflowTemplateOperator": _OPERATOR | {"template", "cancel_on_kill"},
}


def request_of(operator: str, arguments: dict[str, Any]) -> Any:
    """The request that the operator sends. Fails for an argument that it does not take."""
    unknown = set(arguments) - PARAMETERS[operator]
    assert not unknown, f"{operator} has no {unknown}"
    place = {name: arguments[name] for name in ("project_id", "region")}
    parent = f"projects/{place['project_id']}/regions/{place['region']}"
    if operator == "DataprocCreateClusterOperator":
        cluster = {
            "project_id": place["project_id"],
            "cluster_name": arguments["cluster_name"],
            "config": arguments["cluster_config"],
            "labels": arguments["labels"],
        }
        return dp.CreateClusterRequest({**place, "cluster": cluster})
    if operator == "DataprocDeleteClusterOperator":
        return dp.DeleteClusterRequest({**place, "cluster_name": arguments["cluster_name"]})
    if operator == "DataprocSubmitJobOperator":
        return dp.SubmitJobRequest({**place, "job": arguments["job"]})
    if operator == "DataprocCreateBatchOperator":
        return dp.CreateBatchRequest({"parent": parent, "batch": arguments["batch"]})
    template = arguments["template"]
    return dp.InstantiateInlineWorkflowTemplateRequest({"parent": parent, "template": template})
