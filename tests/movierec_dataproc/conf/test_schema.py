"""conf/cluster.yaml (schema, validation, target): its defaults, and what Dataproc would refuse.

Covers `movierec_dataproc.conf.machine_types`, `movierec_dataproc.conf.target`,
`movierec_dataproc.conf.validation`.
"""

import itertools
import re

import pytest

from movierec.config.loader import load
from movierec.errors import ConfigError
from movierec_dataproc.conf.schema import AutoscalingConfig, ClusterConfig
from movierec_dataproc.conf.target import require_target
from tests.support.dataproc.cli_runner import CLUSTER_YAML, cluster_conf

SCALING = "{policy: p-1, min: 1, max: 4}"


def test_the_file_shows_the_defaults():
    text = CLUSTER_YAML.read_text(encoding="utf-8")
    assert load(ClusterConfig, text, origin="cluster.yaml") == ClusterConfig()


def test_every_key_of_the_file_has_a_comment():
    lines = CLUSTER_YAML.read_text(encoding="utf-8").splitlines()
    for above, line in itertools.pairwise(lines):
        if re.match(r" *\w+: .", line):
            assert above.lstrip().startswith("# "), line


def test_a_copy_may_hold_only_what_differs():
    config = load(
        ClusterConfig,
        "project: my-project\nbucket: my-bucket\n"
        "cluster: {primary_workers: {count: 4}, autoscaling: {max: 6}}\nprices: {currency: EUR}",
        origin="my.yaml",
    )
    assert require_target(config, origin="my.yaml").uri("a") == "gs://my-bucket/movierec/a"
    nodes = config.cluster
    assert (nodes.primary_workers.count, nodes.primary_workers.machine_type) == (4, "n2-highmem-4")
    assert (nodes.autoscaling.min, nodes.autoscaling.max) == (0, 6)
    assert (config.prices.currency, config.prices.vcpu_hour) == ("EUR", 0.034773)
    assert load(ClusterConfig, "prices: null", origin="my.yaml").prices is None
    assert load(ClusterConfig, "{}", origin="my.yaml") == ClusterConfig()


def test_own_properties_are_added_to_those_of_openblas():
    own = {"spark:spark.executor.memory": "10g", "spark-env:OPENBLAS_NUM_THREADS": "2"}
    defaults = ClusterConfig().cluster.properties
    threads = [value for key, value in defaults.items() if key.endswith("OPENBLAS_NUM_THREADS")]
    assert threads == ["1", "1"]
    assert cluster_conf(f"cluster.properties={own}").cluster.properties == defaults | own


def test_project_and_bucket_may_be_null_in_the_file_but_not_in_a_command():
    text = CLUSTER_YAML.read_text(encoding="utf-8")
    config = load(ClusterConfig, text, origin="c.yaml")
    with pytest.raises(ConfigError) as caught:
        require_target(config, origin="c.yaml")
    project, bucket = caught.value.problems
    assert project.startswith("c.yaml: project: ")
    assert bucket.startswith("c.yaml: bucket: ")
    assert "PROJECT=id" in str(caught.value)
    target = require_target(cluster_conf(), origin="c.yaml")
    assert target.uri("a", "b") == "gs://suite/movierec/a/b"
    assert target.account("x") == "x@test-project.iam.gserviceaccount.com"
    assert target.account("x@y") == "x@y"
    assert target.account(None) == ""


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("cluster.name=Movie", "cluster: name: up to 51 of a-z, 0-9 and -, starting with"),
        (f"cluster.name={'a' * 52}", "cluster: name: up to 51"),
        ("cluster.image_version=latest", "version such as 3.0-debian13 was expected, not"),
        ("cluster.idle_delete_minutes=4", "idle_delete_minutes: from 5 minutes to 14 days"),
        ("cluster.idle_delete_minutes=20161", "cluster: idle_delete_minutes: from 5 minutes"),
        ("cluster.auto_delete_hours=0.1", "cluster: auto_delete_hours: from 10 minutes to 14 days"),
        ("cluster.auto_delete_hours=336.5", "cluster: auto_delete_hours: from 10 minutes"),
        ("cluster.primary_workers.count=1", "cluster.primary_workers: count: 2 or more, or 0"),
        ("cluster.master.machine_type=n2", "cluster.master: machine_type: a machine type"),
        ("cluster.labels={Owner: me}", "cluster: labels.Owner: a label has"),
        ("cluster.labels={suite: me}", "labels.suite: the suite or Google sets this label"),
        ("cluster.labels={owner: 3}", "cluster.labels.owner: text was expected"),
        ("cluster.properties={a.b: c}", "cluster: properties.a.b: a prefix was expected"),
        ("cluster.properties={'core:fs.secret.key': c}", "core:fs.secret.key: looks like a secret"),
        (
            "cluster.extra={gce_cluster_config: {tagz: [a]}}",
            "cluster: extra.gce_cluster_config.tagz: unknown field; did you mean tags?",
        ),
        (
            "cluster.extra={qqq: 1}",
            "cluster: extra.qqq: unknown field; known fields: cluster_type,",
        ),
        ("cluster.extra={temp_bucket: [1]}", "cluster: extra.temp_bucket: expected string"),
        ("cluster.properties=3", "cluster.properties: a section with keys was expected"),
        ("cluster.secondary_workers.preemptibility=spott", "did you mean spot?"),
        (f"cluster.autoscaling={SCALING}", "secondary_workers.count: from autoscaling.min"),
        ("serverless.ttl_hours=0.1", "serverless: ttl_hours: from 10 minutes"),
        (
            "serverless={version: '3.0', service_account: null}",
            "service_account: runtime 3.0 would",
        ),
        ("serverless.version='1.2'", "serverless.version: one of 2.3, 3.0 was expected"),
        ("hdfs.workspace=gs://b/w", "hdfs: workspace: a folder such as hdfs:///"),
        ("timeouts.workflow_hours=25", "workflow_hours: from 10 minutes to 1 day (24 hours)"),
        ("bucket=gs://b", "bucket: a name without gs://, of 3 to 222 of a-z"),
        ("bucket=gs://my-bucket/", "not 'gs://my-bucket/': write my-bucket"),
        ("region=europe-west1-b", "not 'europe-west1-b': write europe-west1"),
        ("project=P", "project: an id was expected, not 'P'"),
        ("region=europe", "region: a region such as europe-west1"),
        ("cluster.nam=a", "cluster.nam: unknown key; did you mean cluster.name?"),
    ],
)
def test_values_that_dataproc_would_refuse(override, problem):
    with pytest.raises(ConfigError) as caught:
        cluster_conf(override)
    (found,) = caught.value.problems
    assert problem in found


def test_a_single_node_has_no_workers_to_scale():
    single = "cluster.primary_workers.count=0"
    assert cluster_conf(single).cluster.primary_workers.count == 0
    with pytest.raises(ConfigError, match="a single node"):
        cluster_conf(single, "cluster.secondary_workers.count=2")


def test_the_count_of_secondary_workers_is_in_autoscaling_s_range():
    cluster_conf("cluster.autoscaling=" + SCALING, "cluster.secondary_workers.count=2")
    assert cluster_conf("cluster.autoscaling.max=3").cluster.autoscaling == AutoscalingConfig(max=3)
    with pytest.raises(ConfigError, match="autoscaling: min: at most max = 1 was expected, not 3"):
        cluster_conf("cluster.autoscaling={min: 3, max: 1}")
