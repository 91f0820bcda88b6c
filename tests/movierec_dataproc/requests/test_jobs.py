"""Jobs, workflows and batches keep Dataproc's rules, and have the plan's files and arguments."""

from datetime import timedelta

from movierec_dataproc.requests import jobs
from tests.support.dataproc import fake_rules
from tests.support.dataproc.cli_runner import BUCKET, cluster_conf

ACTIONS = [f"gs://{BUCKET}/a.sh"]


def test_an_id_follows_from_the_job_and_the_cluster(plan):
    step, other = plan.step("tune"), plan.step("evaluate")
    first = jobs.first_id(plan, step, cluster_uuid="u1")
    assert first == jobs.first_id(plan, step, cluster_uuid="u1")
    assert first.startswith("movierec-tune-als-")
    others = [(step, "u2"), (other, "u1"), (step, None)]
    ids = {jobs.first_id(plan, one, cluster_uuid=uuid) for one, uuid in others}
    assert len({first, *ids}) == 4


def test_a_job_for_a_cluster(plan):
    """See test_gcloud.py for its files and arguments, test_cli.py for its cluster."""
    config = cluster_conf("cluster.labels={owner: me}")
    request = jobs.job_request(plan, plan.step("ingest"), config, job_id="j", cluster="c")
    # a repeated request has one effect
    assert request == jobs.job_request(plan, plan.step("ingest"), config, job_id="j", cluster="c")
    assert request.job.labels["owner"] == "me"
    # in cluster mode the driver's output would not come back
    assert dict(request.job.pyspark_job.properties) == {}


def test_a_workflow_has_the_plan_s_steps_and_a_time_limit(plan):
    config = cluster_conf("cluster.name=" + "a" * 34 + "-b", "cluster.labels={owner: me}")
    template = jobs.workflow(plan, config, actions=ACTIONS, commit="abc")
    managed = template.placement.managed_cluster
    assert managed.cluster_name == "a" * 34
    assert managed.config.initialization_actions[0].executable_file == ACTIONS[0]
    assert template.dag_timeout == timedelta(hours=12)
    assert [job.step_id for job in template.jobs] == [step.id for step in plan.steps]
    for job, step in zip(template.jobs, plan.steps, strict=True):
        assert tuple(job.prerequisite_step_ids) == step.after
        assert fake_rules.STEP_ID.fullmatch(job.step_id)
        assert job.labels["owner"] == "me"
        # workflows do not support restartable jobs
        assert "scheduling" not in job
