"""Clusters and policies keep Dataproc's rules, and follow the conf."""

from datetime import timedelta

from movierec_dataproc.requests import clusters
from tests.support.dataproc import fake_rules
from tests.support.dataproc.cli_runner import BUCKET, CliRunner, cluster_conf

ACTIONS = [f"gs://{BUCKET}/a.sh"]
SCALING = "cluster.autoscaling={policy: p-1, min: 0, max: 4}"


def a_cluster(*overrides):
    context = CliRunner().context(*overrides)
    return clusters.cluster(
        context.config.cluster, target=context.target, actions=ACTIONS, commit="abc"
    )


def test_a_plain_cluster_has_primary_workers_only():
    """See test_gcloud.py for what makes a cluster safe and ends it."""
    config = a_cluster().config
    assert "secondary_worker_config" not in config
    assert "autoscaling_config" not in config
    assert a_cluster("cluster.temp_bucket=other").config.temp_bucket == "other"


def test_autoscaling_changes_secondary_workers_only():
    config = cluster_conf(SCALING, "cluster.primary_workers.count=3")
    policy = clusters.autoscaling_policy(config.cluster.autoscaling, primaries=3)
    fake_rules.check_policy(policy)
    assert policy.worker_config.min_instances == policy.worker_config.max_instances == 3
    assert policy.secondary_worker_config.max_instances == 4
    cluster = a_cluster(SCALING)
    assert "secondary_worker_config" in cluster.config
    # a machine that is taken away takes no shuffled data with it
    assert cluster.config.software_config.properties["dataproc:efm.spark.shuffle"] == (
        "primary-worker"
    )
    assert policy.basic_algorithm.yarn_config.graceful_decommission_timeout == timedelta(0)
    assert "dataproc:efm.spark.shuffle" not in a_cluster().config.software_config.properties


def test_a_single_node_sets_the_property_for_zero_workers():
    config = a_cluster("cluster.primary_workers.count=0").config
    assert "worker_config" not in config
    assert config.software_config.properties[clusters.ZERO_WORKERS] == "true"
    assert clusters.ZERO_WORKERS not in a_cluster().config.software_config.properties


def test_executors_are_sized_by_the_machine_type():
    def sizes(*overrides):
        found = a_cluster(*overrides).config.software_config.properties
        names = ("cores", "memory", "memoryOverhead")
        return [found.get(f"spark:spark.executor.{name}") for name in names]

    machine = "cluster.primary_workers.machine_type="
    assert sizes(f"{machine}n2-highmem-8") == ["4", "14g", "10g"]
    assert sizes(f"{machine}a2-highgpu-1g") == [None] * 3
    assert sizes("cluster.primary_workers.count=0", "cluster.master.machine_type=n2-highmem-4") == [
        *("4", "8g", "6g")
    ]
    own = "cluster.properties={'spark:spark.executor.memory': 20g}"
    assert sizes(f"{machine}n2-highmem-8", own) == ["4", "20g", "10g"]


def test_other_fields_of_dataproc_are_merged_into_the_request():
    extra = (
        "cluster.extra={gce_cluster_config: {tags: [a], metadata: {k: v}}, worker_config: "
        "{disk_config: {num_local_ssds: 2}}, encryption_config: {gce_pd_kms_key_name: key}, "
        "software_config: {properties: {'core:a': b}}, lifecycle_config: {idle_delete_ttl: 600s}}"
    )
    config, plain = a_cluster(extra).config, a_cluster().config
    machines = config.gce_cluster_config
    assert list(machines.tags) == ["a"]
    assert dict(machines.metadata) == {"block-project-ssh-keys": "true", "k": "v"}
    assert config.worker_config.disk_config.num_local_ssds == 2
    assert config.worker_config.num_instances == plain.worker_config.num_instances
    assert config.encryption_config.gce_pd_kms_key_name == "key"
    properties = dict(plain.software_config.properties)
    assert dict(config.software_config.properties) == properties | {"core:a": "b"}
    assert config.lifecycle_config.idle_delete_ttl == timedelta(minutes=10)
