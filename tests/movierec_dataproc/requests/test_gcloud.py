"""gcloud's command lines have every value of our requests."""

import json
import subprocess

import yaml
from google.cloud import dataproc_v1 as dp

from movierec_dataproc.google.clusters import create_request
from movierec_dataproc.requests import clusters, gcloud, jobs
from tests.support.dataproc.cli_runner import BUCKET, CliRunner, cluster_conf

PLACE = ["--project=test-project", "--region=europe-west1"]


def create(*overrides):
    context = CliRunner().context(*overrides)
    target, actions = context.target, [f"gs://{BUCKET}/a.sh", f"gs://{BUCKET}/b.sh"]
    cluster = clusters.cluster(context.config.cluster, target=target, actions=actions, commit="abc")
    return cluster, gcloud.create_cluster(create_request(cluster, target=target), target=target)


def test_creating_a_cluster():
    cluster, command = create(
        "cluster.properties={'spark:a.b': 'c,d'}",
        "cluster.zone=europe-west1-b",
        "cluster.subnetwork=mine",
        "cluster.labels={owner: me}",
        "cluster.autoscaling={policy: p-1, min: 1, max: 4}",
        "cluster.secondary_workers.count=1",
    )
    assert command == [
        *("gcloud", "dataproc", "clusters", "create", "movierec", *PLACE),
        *("--action-on-failed-primary-workers=DELETE", "--image-version=3.0-debian13"),
        *(f"--bucket={BUCKET}", f"--temp-bucket={BUCKET}"),
        *("--zone=europe-west1-b", "--subnet=mine", "--no-address"),
        "--service-account=movierec@test-project.iam.gserviceaccount.com",
        "--scopes=https://www.googleapis.com/auth/cloud-platform",
        "--metadata=block-project-ssh-keys=true",
        *("--shielded-secure-boot", "--shielded-vtpm", "--shielded-integrity-monitoring"),
        *("--master-machine-type=n2-highmem-4", "--master-boot-disk-size=50GB"),
        "--master-boot-disk-type=pd-balanced",
        *("--num-workers=2", "--worker-machine-type=n2-highmem-4"),
        *("--worker-boot-disk-size=100GB", "--worker-boot-disk-type=pd-balanced"),
        *("--num-secondary-workers=1", "--secondary-worker-type=spot"),
        "--secondary-worker-boot-disk-size=100GB",
        "--secondary-worker-boot-disk-type=pd-balanced",
        "--autoscaling-policy=projects/test-project/regions/europe-west1/autoscalingPolicies/p-1",
        *("--delete-max-idle=1800s", "--delete-max-age=43200s", "--enable-component-gateway"),
        f"--initialization-actions=gs://{BUCKET}/a.sh,gs://{BUCKET}/b.sh",
        "--initialization-action-timeout=600s",
        f"--properties={gcloud.pairs(cluster.config.software_config.properties)}",
        f"--labels=commit=abc,definition={cluster.labels['definition']},owner=me,suite=movierec",
    ]


def test_a_single_node():
    _, command = create("cluster.primary_workers.count=0", "cluster.internal_ip_only=false")
    assert "--single-node" in command
    assert "--public-ip-address" in command
    assert not any(option.startswith(("--num-", "--worker-", "--second")) for option in command)


def test_submitting_a_job(plan):
    step = plan.step("ingest")
    request = jobs.job_request(plan, step, cluster_conf(), job_id="j-1", cluster="c-1")
    request.job.pyspark_job.properties = {"spark.a": "1", "spark.b": "2"}
    root = f"gs://{BUCKET}/movierec/artifacts/{plan.suite.artifacts.digest}"
    assert gcloud.submit(request, target=plan.target) == [
        *("gcloud", "dataproc", "jobs", "submit", "pyspark", f"{root}/ingest.py", *PLACE),
        *("--cluster=c-1", "--properties=spark.a=1,spark.b=2"),
        "--driver-log-levels=root=ERROR",
        f"--py-files={','.join(f'{root}/{name}' for name in plan.suite.packages)}",
        f"--files={root}/tiny.yaml",
        f"--labels={gcloud.pairs(request.job.labels)}",
        *("--", *step.args),
    ]


def test_submitting_a_batch(plan):
    properties = "serverless.properties={a: '1', b: '2'}"
    config = cluster_conf(properties, "serverless.subnetwork=default")
    request = jobs.batch_request(plan, plan.step("ingest"), config, batch_id="b-1")
    command = gcloud.submit(request, target=plan.target)
    assert command[:5] == ["gcloud", "dataproc", "batches", "submit", "pyspark"]
    assert {
        *("--batch=b-1", "--version=2.3", "--ttl=43200s", f"--staging-bucket={BUCKET}"),
        "--subnet=default",
        "--properties=a=1,b=2,spark.dynamicAllocation.maxExecutors=4",
        "--service-account=movierec@test-project.iam.gserviceaccount.com",
    } <= {*command}
    assert tuple(command[command.index("--") + 1 :]) == plan.step("ingest").args


def test_a_workflow_s_file_has_the_whole_workflow(plan):
    template = jobs.workflow(plan, cluster_conf(), actions=[], commit="abc")
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


def test_a_shell_reads_a_printed_command_unchanged():
    command = ["gcloud", "x", "--a=b c", "--s='\"$HOME", "--", "--set", "k=[1, 2]", "*"]
    script = "printf '%s\\n' " + gcloud.shell(command)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == command


def test_pairs_use_a_separator_that_no_value_has():
    assert gcloud.pairs({}) == ""
    assert gcloud.pairs({"b": "2", "a": "1"}) == "a=1,b=2"
    assert gcloud.pairs({"a": "1,#2"}) == "^;^a=1,#2"
