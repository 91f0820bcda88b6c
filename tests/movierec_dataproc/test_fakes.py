"""The fake servers answer the real clients as Google's do, in all that other tests rely on."""

from typing import Any

import grpc
import pytest
from google.api_core import exceptions

from tests.support.dataproc.real_clients import PLACE, POLLING, REGION_PATH, step


def test_a_broken_cluster_accepts_no_jobs(dataproc_server, clients):
    dataproc_server.break_next_cluster()
    with pytest.raises(exceptions.ResourceExhausted, match="ZONE_RESOURCE"):
        clients.make_cluster()
    assert "ZONE" in clients.get_cluster().status.detail
    with pytest.raises(exceptions.FailedPrecondition, match="ERROR"):
        clients.submit()
    request = {**PLACE, "cluster_name": "c1", "cluster_uuid": "another"}
    with pytest.raises(exceptions.NotFound):
        clients.clusters.delete_cluster(request=request)


def test_a_request_id_has_one_effect_and_a_lost_answer_has_its_effect(dataproc_server, clients):
    clients.make_cluster()
    dataproc_server.fail_next("SubmitJob", grpc.StatusCode.INTERNAL, after=True)
    with pytest.raises(exceptions.InternalServerError):
        clients.submit(request_id="r-1")
    assert clients.submit(request_id="r-1").reference.job_id == "job-1"
    assert len(list(clients.jobs.list_jobs(request=PLACE))) == 1
    with pytest.raises(exceptions.AlreadyExists):
        clients.submit(request_id="r-2")


def test_a_workflow_runs_its_steps_in_order_and_deletes_its_cluster(dataproc_server, clients):
    dataproc_server.runner = lambda running: int("tune" in running.pyspark_job.main_python_file_uri)
    begun = clients.begin_workflow(
        step("evaluate", "tune"), step("tune", "ingest"), step("ingest"), labels={"a": "b"}
    )
    with pytest.raises(exceptions.Aborted, match="step 'tune' failed"):
        begun.result(polling=POLLING)
    found: Any = begun.metadata
    assert {node.step_id: node.state.name for node in found.graph.nodes} == {
        "ingest": "COMPLETED",
        "tune": "FAILED",
        "evaluate": "BLOCKED",
    }
    with pytest.raises(exceptions.NotFound):
        clients.get_cluster(found.cluster_name)


def test_requests_against_the_rules_are_refused(clients):
    clients.make_cluster()
    ttl = {"lifecycle_config": {"idle_delete_ttl": {"seconds": 299}}}
    wheel = {"main_python_file_uri": "a.py", "python_file_uris": ["gs://b/a.whl"]}
    policy = {"parent": REGION_PATH, "policy": {"id": "policy-1"}}
    for request in (
        lambda: clients.make_cluster("a" * 52),
        lambda: clients.make_cluster("c2", config=ttl),
        lambda: clients.make_cluster("c2", labels={"Env": "x"}),
        lambda: clients.submit("j", request_id="a b"),
        lambda: clients.submit("j", pyspark_job=wheel),
        lambda: clients.begin_batch("Bad"),
        lambda: clients.begin_workflow(step("aaa", "bbb"), step("bbb", "aaa")),
        lambda: clients.begin_workflow(step("aaa", "zzz")),
        lambda: clients.begin_workflow(step("aaa"), dag_timeout={"seconds": 599}),
        lambda: clients.policies.create_autoscaling_policy(request=policy),
    ):
        with pytest.raises(exceptions.InvalidArgument):
            request()
