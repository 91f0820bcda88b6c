"""conf/cluster.yaml (schema, validation, target): its defaults, and what Dataproc would refuse.

Covers `movierec_dataproc.conf.machine_types`, `movierec_dataproc.conf.target`,
`movierec_dataproc.conf.validation`.
"""

from __future__ import annotations

import itertools
import re

import pytest

from movierec.config.loader import load
from movierec.errors import ConfigError
from movierec_dataproc.conf.schema import AutoscalingConfig, ClusterConfig
from movierec_dataproc.conf.target import require_target
from tests.support.dataproc.cli_runner import CLUSTER_YAML, cluster_conf

SCALING = (
    "{policy: p-1, min: 1, max: 4, cooldown_minutes: 4, scale_up_factor: 0.5, "
    "scale_down_factor: 1.0, decommission_minutes: 30}"
)


def problems(*overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        cluster_conf(*overrides)
    return [one.removeprefix("cluster.yaml: ") for one in caught.value.problems]


def test_the_file_shows_the_defaults_and_they_are_safe() -> None:
    text = CLUSTER_YAML.read_text(encoding="utf-8")
    config = load(ClusterConfig, text, origin="cluster.yaml")
    assert config == ClusterConfig()
    nodes = config.cluster
    assert nodes.image_version == "3.0-debian13"
    assert nodes.internal_ip_only
    assert nodes.shielded
    assert nodes.service_account == "movierec"
    assert nodes.secondary_workers.preemptibility == "spot"
    assert (nodes.idle_delete_minutes, nodes.auto_delete_hours) == (30, 12.0)
    assert config.timeouts.workflow_hours == config.serverless.ttl_hours == 12.0
    assert nodes.autoscaling is None
    assert nodes.initialization_actions == ("scripts/cluster/native_blas.sh",)


def test_every_key_of_the_file_has_a_comment() -> None:
    lines = CLUSTER_YAML.read_text(encoding="utf-8").splitlines()
    for above, line in itertools.pairwise(lines):
        if re.match(r" *\w+: .", line):
            assert above.lstrip().startswith("# "), line


def test_a_copy_may_hold_only_what_differs() -> None:
    config = load(
        ClusterConfig,
        "project: my-project\nbucket: my-bucket\n"
        "cluster: {primary_workers: {count: 4}, autoscaling: {max: 6}}\nprices: {currency: EUR}",
        origin="my.yaml",
    )
    assert require_target(config, origin="my.yaml").uri("a") == "gs://my-bucket/movierec/a"
    nodes = config.cluster
    assert (nodes.primary_workers.count, nodes.primary_workers.machine_type) == (4, "n2-highmem-8")
    assert nodes.autoscaling is not None
    assert (nodes.autoscaling.min, nodes.autoscaling.max) == (0, 6)
    assert config.prices is not None
    assert (config.prices.currency, config.prices.vcpu_hour) == ("EUR", 0.032)
    assert load(ClusterConfig, "prices: null", origin="my.yaml").prices is None
    assert load(ClusterConfig, "{}", origin="my.yaml") == ClusterConfig()


def test_own_properties_are_added_to_those_of_openblas() -> None:
    memory = "spark:spark.executor.memory"
    threads = "spark-env:OPENBLAS_NUM_THREADS"
    config = cluster_conf(f"cluster.properties={{'{memory}': 10g, '{threads}': '2'}}")
    java = (
        "-Ddev.ludovic.netlib.blas.nativeLibPath=/usr/lib/x86_64-linux-gnu/libopenblas.so.0 "
        "-Ddev.ludovic.netlib.lapack.nativeLibPath=/usr/lib/x86_64-linux-gnu/libopenblas.so.0"
    )
    assert config.cluster.properties == {
        threads: "2",
        "spark:spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
        "spark:spark.driver.extraJavaOptions": java,
        "spark:spark.executor.extraJavaOptions": java,
        memory: "10g",
    }


def test_project_and_bucket_may_be_null_in_the_file_but_not_in_a_command() -> None:
    text = CLUSTER_YAML.read_text(encoding="utf-8")
    config = load(ClusterConfig, text, origin="c.yaml")
    with pytest.raises(ConfigError) as caught:
        require_target(config, origin="c.yaml")
    assert [problem[:17] for problem in caught.value.problems] == [
        "c.yaml: project: ",
        "c.yaml: bucket: m",
    ]
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
        (
            "cluster.image_version=latest",
            "image_version: a version such as 3.0-debian13 was expected, not",
        ),
        (
            "cluster.idle_delete_minutes=4",
            "cluster: idle_delete_minutes: from 5 minutes to 14 days",
        ),
        ("cluster.idle_delete_minutes=20161", "cluster: idle_delete_minutes: from 5 minutes"),
        ("cluster.auto_delete_hours=0.1", "cluster: auto_delete_hours: from 10 minutes to 14 days"),
        ("cluster.auto_delete_hours=336.5", "cluster: auto_delete_hours: from 10 minutes"),
        ("cluster.primary_workers.count=1", "cluster.primary_workers: count: 2 or more, or 0"),
        ("cluster.master.machine_type=n2", "cluster.master: machine_type: a machine type"),
        ("cluster.labels={Owner: me}", "cluster: labels.Owner: a label has"),
        (
            "cluster.labels={suite: me}",
            "cluster: labels.suite: the suite or Google sets this label",
        ),
        ("cluster.labels={owner: 3}", "cluster.labels.owner: text was expected"),
        ("cluster.properties={a.b: c}", "cluster: properties.a.b: a prefix was expected"),
        (
            "cluster.properties={'core:fs.secret.key': c}",
            "cluster: properties.core:fs.secret.key: looks like a secret",
        ),
        ("cluster.properties=3", "cluster.properties: a section with keys was expected"),
        ("cluster.secondary_workers.preemptibility=spott", "did you mean spot?"),
        (
            "cluster.autoscaling=" + SCALING,
            "cluster: secondary_workers.count: from autoscaling.min",
        ),
        ("serverless.ttl_hours=0.1", "serverless: ttl_hours: from 10 minutes"),
        ("serverless.version='1.2'", "serverless.version: one of 2.3, 3.0 was expected"),
        ("hdfs.workspace=gs://b/w", "hdfs: workspace: a folder such as hdfs:///"),
        (
            "timeouts.workflow_hours=25",
            "timeouts: workflow_hours: from 10 minutes to 1 day (24 hours)",
        ),
        ("bucket=gs://b", "bucket: a name without gs://, of 3 to 222 of a-z"),
        ("project=P", "project: an id was expected, not 'P'"),
        ("region=europe", "region: a region such as europe-west1"),
        ("cluster.nam=a", "cluster.nam: unknown key; did you mean cluster.name?"),
    ],
)
def test_values_that_dataproc_would_refuse(override: str, problem: str) -> None:
    found = problems(override)
    assert len(found) == 1
    assert problem in found[0]


def test_a_single_node_has_no_workers_to_scale() -> None:
    (found,) = problems("cluster.primary_workers.count=0", "cluster.secondary_workers.count=2")
    assert "a single node" in found
    config = cluster_conf("cluster.primary_workers.count=0")
    assert config.cluster.primary_workers.count == 0


def test_the_count_of_secondary_workers_is_in_autoscaling_s_range() -> None:
    config = cluster_conf("cluster.autoscaling=" + SCALING, "cluster.secondary_workers.count=2")
    assert config.cluster.autoscaling is not None
    assert cluster_conf("cluster.autoscaling.max=3").cluster.autoscaling == AutoscalingConfig(max=3)
    swapped = SCALING.replace("max: 4", "max: 1").replace("min: 1", "min: 3")
    (first, *_) = problems("cluster.autoscaling=" + swapped)
    assert "cluster.autoscaling: min: at most max = 1 was expected, not 3" in first
