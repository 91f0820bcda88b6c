"""gcloud's command lines have every value of our requests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud import dataproc_v1 as dp

from movierec_dataproc.commands.preparation import prepare
from movierec_dataproc.plan.plan import Plan
from movierec_dataproc.requests import clusters, gcloud, jobs
from tests.support.dataproc.cli_runner import (
    BUCKET,
    CliRunner,
    arguments_for,
    cluster_conf,
    tiny_conf,
)

SCALING = (
    "cluster.autoscaling={policy: p-1, min: 1, max: 4, cooldown_minutes: 4, "
    "scale_up_factor: 0.5, scale_down_factor: 1.0, decommission_minutes: 30}"
)
OPENBLAS = (
    "-Ddev.ludovic.netlib.blas.nativeLibPath=/usr/lib/x86_64-linux-gnu/libopenblas.so.0 "
    "-Ddev.ludovic.netlib.lapack.nativeLibPath=/usr/lib/x86_64-linux-gnu/libopenblas.so.0"
)
PLACE = ["--project=test-project", "--region=europe-west1"]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    wanted = arguments_for(tiny_conf(tmp_path), "twins.min_movies=7")
    return prepare(wanted, CliRunner().context(), place="cluster")


def create(*overrides: str) -> tuple[dp.Cluster, list[str]]:
    context = CliRunner().context(*overrides)
    cluster = clusters.cluster(
        context.config.cluster,
        target=context.target,
        actions=[f"gs://{BUCKET}/a.sh", f"gs://{BUCKET}/b.sh"],
        commit="abc",
    )
    return cluster, gcloud.create_cluster(cluster, target=context.target)


def leaves(tree: Any) -> Iterator[Any]:
    """Every value in nested dicts and lists."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if isinstance(value, str) and "." in key:
                yield f"{key}={value}"
            else:
                yield from leaves(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from leaves(value)
    else:
        yield tree


def test_creating_a_cluster() -> None:
    _, command = create(
        "cluster.properties={'spark:a.b': 'c,d'}",
        "cluster.zone=europe-west1-b",
        "cluster.subnetwork=mine",
        "cluster.labels={owner: me}",
        SCALING,
        "cluster.secondary_workers.count=1",
    )
    definition = command[-1].rpartition("definition=")[2].partition(",")[0]
    assert command == [
        *("gcloud", "dataproc", "clusters", "create", "movierec", *PLACE),
        "--image-version=3.0-debian13",
        *(f"--bucket={BUCKET}", f"--temp-bucket={BUCKET}"),
        *("--zone=europe-west1-b", "--subnet=mine", "--no-address"),
        "--service-account=movierec@test-project.iam.gserviceaccount.com",
        "--scopes=https://www.googleapis.com/auth/cloud-platform",
        "--metadata=block-project-ssh-keys=true",
        *("--shielded-secure-boot", "--shielded-vtpm", "--shielded-integrity-monitoring"),
        *("--master-machine-type=n2-highmem-4", "--master-boot-disk-size=100GB"),
        "--master-boot-disk-type=pd-balanced",
        *("--num-workers=2", "--worker-machine-type=n2-highmem-8"),
        *("--worker-boot-disk-size=250GB", "--worker-boot-disk-type=pd-balanced"),
        *("--num-secondary-workers=1", "--secondary-worker-type=spot"),
        "--secondary-worker-boot-disk-size=100GB",
        "--secondary-worker-boot-disk-type=pd-balanced",
        "--autoscaling-policy=projects/test-project/regions/europe-west1/autoscalingPolicies/p-1",
        *("--max-idle=1800s", "--max-age=43200s", "--enable-component-gateway"),
        f"--initialization-actions=gs://{BUCKET}/a.sh,gs://{BUCKET}/b.sh",
        "--initialization-action-timeout=600s",
        "--properties=^#^spark-env:OPENBLAS_NUM_THREADS=1#spark:a.b=c,d"
        f"#spark:spark.driver.extraJavaOptions={OPENBLAS}"
        f"#spark:spark.executor.extraJavaOptions={OPENBLAS}"
        "#spark:spark.executorEnv.OPENBLAS_NUM_THREADS=1",
        f"--labels=commit=abc,definition={definition},owner=me,suite=movierec",
    ]


def test_nothing_of_a_cluster_is_left_out() -> None:
    cluster, command = create(SCALING, "cluster.secondary_workers.count=1")
    text = " ".join(command)
    for value in leaves(gcloud.to_tree(cluster)):
        # gcloud's default for the master is a count of 1, and a switch has no value
        if value is not True and value != 1:
            shown = str(value).removesuffix(".0").replace("SPOT", "spot")
            assert shown in text, value


def test_a_single_node() -> None:
    _, command = create("cluster.primary_workers.count=0", "cluster.internal_ip_only=false")
    assert "--single-node" in command
    assert "--public-ip-address" in command
    assert not any(option.startswith(("--num-", "--worker-", "--second")) for option in command)


def test_submitting_a_job(plan: Plan) -> None:
    step = plan.step("ingest")
    cluster = dp.Cluster(cluster_name="c-1", cluster_uuid="u")
    request = jobs.job_request(plan, step, cluster_conf(), job_id="j-1", cluster=cluster)
    command = gcloud.submit(request, target=plan.target)
    root = f"gs://{BUCKET}/movierec/artifacts/{plan.suite.artifacts.digest}"
    end = command.index("--")
    assert command[:9] == [
        *("gcloud", "dataproc", "jobs", "submit", "pyspark", f"{root}/ingest.py", *PLACE),
        "--cluster=c-1",
    ]
    assert command[9] == "--id=j-1"
    package, dependencies = command[10].removeprefix("--py-files=").split(",")
    assert (package[: len(root)], dependencies[: len(root)]) == (root, root)
    assert package.endswith(".zip")
    assert "movierec-deps-" in dependencies
    assert command[11] == f"--files={root}/tiny.yaml"
    assert command[12].startswith("--labels=commit=")
    assert tuple(command[end + 1 :]) == step.args
    request.job.pyspark_job.properties = {"spark.a": "1", "spark.b": "2"}
    assert "--properties=spark.a=1,spark.b=2" in gcloud.submit(request, target=plan.target)


def test_submitting_a_batch(plan: Plan) -> None:
    config = cluster_conf("serverless.properties={a: '1', b: '2'}")
    request = jobs.batch_request(plan, plan.step("ingest"), config, batch_id="b-1")
    command = gcloud.submit(request, target=plan.target)
    assert command[:5] == ["gcloud", "dataproc", "batches", "submit", "pyspark"]
    for option in (
        *("--batch=b-1", "--version=3.0", "--ttl=43200s", f"--staging-bucket={BUCKET}"),
        *(
            "--properties=a=1,b=2",
            "--service-account=movierec@test-project.iam.gserviceaccount.com",
        ),
    ):
        assert option in command
    assert tuple(command[command.index("--") + 1 :]) == plan.step("ingest").args


def test_a_workflow_s_file_has_the_whole_workflow(plan: Plan) -> None:
    context = CliRunner().context()
    template = jobs.workflow(plan, context.config, actions=[], commit="abc")
    text = gcloud.to_yaml(template)
    assert dp.WorkflowTemplate.from_json(json.dumps(yaml.safe_load(text))) == template
    assert gcloud.run_workflow("w.yaml", target=plan.target) == [
        *("gcloud", "dataproc", "workflow-templates", "instantiate-from-file", *PLACE),
        "--file=w.yaml",
    ]
    assert gcloud.import_policy("p-1", "p.yaml", target=plan.target) == [
        *("gcloud", "dataproc", "autoscaling-policies", "import", "p-1", *PLACE),
        *("--source=p.yaml", "--quiet"),
    ]
    assert gcloud.delete_cluster("c", target=plan.target) == [
        *("gcloud", "dataproc", "clusters", "delete", "c", *PLACE, "--quiet")
    ]


def test_a_shell_reads_a_printed_command_unchanged() -> None:
    command = ["gcloud", "x", "--a=b c", "--s='\"$HOME", "--", "--set", "k=[1, 2]", "*"]
    script = "printf '%s\\n' " + gcloud.shell(command)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == command


def test_pairs_use_a_separator_that_no_value_has() -> None:
    assert gcloud.pairs({}) == ""
    assert gcloud.pairs({"b": "2", "a": "1"}) == "a=1,b=2"
    assert gcloud.pairs({"a": "1,#2"}) == "^;^a=1,#2"
