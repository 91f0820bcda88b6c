"""What is asked of Dataproc, checked by the rules that the fake knows and by eye."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from google.cloud import dataproc_v1 as dp

from movierec_dataproc.commands.preparation import RunOptions, prepare
from movierec_dataproc.plan.plan import Plan
from movierec_dataproc.requests import clusters, jobs
from tests.support.dataproc import fake_policies, fake_rules
from tests.support.dataproc.cli_runner import BUCKET, CliRunner, cluster_conf, tiny_conf

ACTIONS = [f"gs://{BUCKET}/a.sh"]
SCALING = (
    "cluster.autoscaling={policy: p-1, min: 0, max: 4, cooldown_minutes: 4, "
    "scale_up_factor: 0.5, scale_down_factor: 1.0, decommission_minutes: 30}"
)


def a_cluster(*overrides: str) -> dp.Cluster:
    context = CliRunner().context(*overrides)
    return clusters.cluster(
        context.config.cluster, target=context.target, actions=ACTIONS, commit="abc"
    )


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    wanted = RunOptions(conf=tiny_conf(tmp_path), overrides=())
    return prepare(wanted, CliRunner().context(), place="cluster")


def test_a_cluster_is_safe_and_ends() -> None:
    cluster = a_cluster()
    config = cluster.config
    fake_rules.check_labels(cluster.labels)
    fake_rules.check_lifecycle(config.lifecycle_config)
    assert config.software_config.image_version == "3.0-debian13"
    machines = config.gce_cluster_config
    assert machines.internal_ip_only is True
    assert machines.service_account == "movierec@test-project.iam.gserviceaccount.com"
    assert machines.shielded_instance_config.enable_secure_boot is True
    assert machines.metadata["block-project-ssh-keys"] == "true"
    assert config.endpoint_config.enable_http_port_access is True
    assert config.lifecycle_config.idle_delete_ttl == timedelta(minutes=30)
    assert config.lifecycle_config.auto_delete_ttl == timedelta(hours=12)
    assert (config.config_bucket, config.temp_bucket) == (BUCKET, BUCKET)
    assert [one.executable_file for one in config.initialization_actions] == ACTIONS
    assert config.worker_config.num_instances == 2
    assert "secondary_worker_config" not in config
    assert "autoscaling_config" not in config


def test_only_secondary_workers_come_and_go() -> None:
    config = cluster_conf(SCALING, "cluster.primary_workers.count=3")
    scaling = config.cluster.autoscaling
    assert scaling is not None
    policy = clusters.autoscaling_policy(scaling, primaries=3)
    fake_policies.check_policy(policy)
    assert policy.worker_config.min_instances == policy.worker_config.max_instances == 3
    assert policy.secondary_worker_config.max_instances == 4
    cluster = a_cluster(SCALING)
    assert cluster.config.autoscaling_config.policy_uri == (
        "projects/test-project/regions/europe-west1/autoscalingPolicies/p-1"
    )
    extra = cluster.config.secondary_worker_config
    assert extra.preemptibility == dp.InstanceGroupConfig.Preemptibility.SPOT
    assert extra.num_instances == 0


def test_a_single_node_says_that_it_has_no_workers() -> None:
    config = a_cluster("cluster.primary_workers.count=0").config
    assert "worker_config" not in config
    assert config.software_config.properties[clusters.ZERO_WORKERS] == "true"
    assert clusters.ZERO_WORKERS not in a_cluster().config.software_config.properties


def test_the_definition_label_changes_with_the_conf() -> None:
    first = a_cluster().labels["definition"]
    assert a_cluster().labels["definition"] == first
    assert a_cluster("cluster.primary_workers.count=3").labels["definition"] != first


def test_a_job_s_id_is_its_work_s(plan: Plan) -> None:
    step, other = plan.step("tune"), plan.step("evaluate")
    first = jobs.first_job_id(plan, step, cluster_uuid="u1")
    assert first == jobs.first_job_id(plan, step, cluster_uuid="u1")
    assert first.startswith("movierec-tune-als-")
    ids = {
        first,
        jobs.first_job_id(plan, step, cluster_uuid="u2"),
        jobs.first_job_id(plan, other, cluster_uuid="u1"),
        jobs.first_id(plan, step),
    }
    assert len(ids) == 4


def test_a_job_for_a_cluster(plan: Plan) -> None:
    step = plan.step("ingest")
    job = jobs.job(
        plan, step, job_id="j", cluster_name="c", cluster_uuid="u", labels={"owner": "me"}
    )
    fake_rules.check_labels(job.labels)
    fake_rules.check_python(job.pyspark_job)
    assert job.labels["owner"] == "me"
    assert (job.placement.cluster_name, job.placement.cluster_uuid) == ("c", "u")
    digest = plan.suite.artifacts.digest
    root = f"gs://{BUCKET}/movierec/artifacts/{digest}"
    driver = job.pyspark_job
    assert driver.main_python_file_uri == f"{root}/ingest.py"
    assert list(driver.file_uris) == [f"{root}/tiny.yaml"]
    assert [uri.startswith(f"{root}/movierec-") for uri in driver.python_file_uris] == [True, True]
    # cluster mode would keep the driver's output to itself
    assert dict(driver.properties) == {}


def test_a_workflow_deletes_its_cluster_in_time(plan: Plan) -> None:
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
        # restartable jobs are not for workflows
        assert "scheduling" not in job


def test_a_batch_is_of_the_runtime_that_the_conf_says(plan: Plan) -> None:
    config = cluster_conf("serverless.version='2.3'", "serverless.properties={a.b: c}")
    batch = jobs.batch(plan, plan.step("ingest"), config)
    assert batch.runtime_config.version == "2.3"
    assert dict(batch.runtime_config.properties) == {"a.b": "c"}
    execution = batch.environment_config.execution_config
    assert execution.staging_bucket == BUCKET
    assert execution.ttl == timedelta(hours=12)
    assert "subnetwork_uri" not in execution
    in_subnet = jobs.batch(plan, plan.step("ingest"), cluster_conf("serverless.subnetwork=default"))
    assert in_subnet.environment_config.execution_config.subnetwork_uri == "default"
