"""The fake Dataproc refuses the real clients' requests as Google does: other tests rely on it."""

import pytest
from google.api_core import exceptions

from tests.support.dataproc.real_clients import REGION_PATH, step


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
        lambda: clients.begin_workflow(step("aaa", "bbb"), step("bbb")),
        lambda: clients.begin_workflow(step("aaa"), dag_timeout={"seconds": 599}),
        lambda: clients.policies.create_autoscaling_policy(request=policy),
    ):
        with pytest.raises(exceptions.InvalidArgument):
            request()
