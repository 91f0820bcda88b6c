"""Jobs, workflows and batches keep Dataproc's rules, and have the plan's files and arguments."""

from datetime import timedelta

from google.cloud import dataproc_v1 as dp

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
    step = plan.step("ingest")
    config = cluster_conf("cluster.labels={owner: me}")
    request = jobs.job_request(plan, step, config, job_id="j", cluster="c")
    assert request == jobs.job_request(plan, step, config, job_id="j", cluster="c")
    assert (request.project_id, request.region) == ("test-project", "europe-west1")
    job = request.job
    assert job.reference.job_id == "j"
    fake_rules.check_labels(job.labels)
    fake_rules.check_python(job.pyspark_job)
    assert job.labels["owner"] == "me"
    assert job.placement == dp.JobPlacement(cluster_name="c")
    root = f"gs://{BUCKET}/movierec/artifacts/{plan.suite.artifacts.digest}"
    driver = job.pyspark_job
    assert driver.main_python_file_uri == f"{root}/ingest.py"
    assert list(driver.file_uris) == [f"{root}/tiny.yaml"]
    assert list(driver.python_file_uris) == [f"{root}/{one}" for one in plan.suite.packages]
    # in cluster mode the driver's output would not come back
    assert dict(driver.properties) == {}


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


def test_a_batch_has_the_conf_s_runtime(plan):
    request = jobs.batch_request(
        plan,
        plan.step("ingest"),
        cluster_conf("serverless.version='3.0'", "serverless.subnetwork=default"),
        batch_id="b-1",
    )
    assert request.parent == "projects/test-project/locations/europe-west1"
    assert request.batch.runtime_config.version == "3.0"
    execution = request.batch.environment_config.execution_config
    assert execution.staging_bucket == ""
    assert execution.ttl == timedelta(hours=12)
    assert execution.subnetwork_uri == "default"
    plain = jobs.batch_request(plan, plan.step("ingest"), cluster_conf(), batch_id="b-1")
    execution = plain.batch.environment_config.execution_config
    assert execution.staging_bucket == BUCKET
    assert "subnetwork_uri" not in execution
