import json

from google.cloud import dataproc_v1 as dp

from movierec_dataproc.google.clusters import create_request, delete_request
from movierec_dataproc.requests import airflow, clusters, jobs
from tests.support.dataproc.airflow_operators import request_of
from tests.support.dataproc.cli_runner import BUCKET, cluster_conf


def requests_of(plan):
    """One of each kind, with most of the fields that the suite sets, by its operator."""
    config = cluster_conf("cluster.autoscaling={max: 4}", "cluster.extra={encryption_config: {}}")
    actions = [f"gs://{BUCKET}/a.sh"]
    made = clusters.cluster(config.cluster, target=plan.target, actions=actions, commit="abc")
    step = plan.step("ingest")
    template = jobs.workflow(plan, config, actions=actions, commit="abc")
    return {
        "CreateCluster": create_request(made, target=plan.target),
        "DeleteCluster": delete_request(dp.Cluster(cluster_name="c-1"), target=plan.target),
        "SubmitJob": jobs.job_request(plan, step, config, job_id="j-1", cluster="c-1"),
        "CreateBatch": jobs.batch_request(plan, step, config, batch_id="b-1"),
        "InstantiateInlineWorkflowTemplate": dp.InstantiateInlineWorkflowTemplateRequest(
            parent=plan.target.parent, template=template, request_id="r-1"
        ),
    }


def test_an_operator_sends_our_request_without_its_ids(plan):
    for name, request in requests_of(plan).items():
        task = json.loads(json.dumps(airflow.task("t-1", request, target=plan.target)))
        assert task["operator"] == f"Dataproc{name}Operator"
        assert task["arguments"]["task_id"] == "t-1"
        request.request_id = ""
        if name == "CreateCluster":
            # the operator deletes a failed cluster itself
            request.action_on_failed_primary_workers = 0
        elif name == "SubmitJob":
            request.job.reference = None
        elif name == "CreateBatch":
            request.batch_id, request.parent = "", plan.target.parent
        assert request_of(task["operator"], task["arguments"]) == request


def test_a_policy_has_no_operator(plan):
    request = dp.CreateAutoscalingPolicyRequest(parent=plan.target.parent)
    assert airflow.task("policy", request, target=plan.target) is None
