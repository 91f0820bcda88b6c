"""docs/examples: the DAG with operators that only record, and Terraform beside the guide."""

import json
import re
import runpy
import shutil
import sys
from types import ModuleType

import pytest

from movierec_dataproc.conf.schema import ClusterConfig
from tests.support.dataproc.airflow_operators import PARAMETERS, request_of
from tests.support.dataproc.cli_runner import CliRunner, tiny_conf
from tests.support.markdown import commands, inline_codes
from tests.support.paths import ROOT

EXAMPLES = ROOT / "docs" / "examples"
GUIDE = ROOT / "docs" / "dataproc.md"


class Recorded:
    """A DAG, or a task with the task before it."""

    def __init__(self, *_, **arguments):
        self.arguments, self.before, self.setup = arguments, None, None

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        pass

    def __rshift__(self, after):
        after.before = self
        return after

    def as_teardown(self, *, setups):
        self.setup = setups
        return self


@pytest.fixture
def airflow(monkeypatch):
    """Modules in place of Airflow's and its Google provider's."""
    names = ["airflow", "airflow.providers.google.cloud.operators.dataproc"]
    modules = {name: ModuleType(name) for name in names}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    modules["airflow"].DAG = type("DAG", (Recorded,), {})
    for name in PARAMETERS:
        setattr(modules[names[1]], name, type(name, (Recorded,), {}))


def test_the_dag_makes_a_cluster_runs_every_job_and_deletes_it(airflow, storage_server, tmp_path):
    words = ("--dry-run", "--format", "airflow", "--out", tmp_path)
    assert CliRunner().run("cluster-up", *words) == 0
    assert CliRunner().run("pipeline", "--config", tiny_conf(tmp_path), *words) == 0
    path = shutil.copy(EXAMPLES / "movierec_dag.py", tmp_path / "dataproc")
    names = runpy.run_path(path)
    task, tasks = names["down"], []
    assert task.setup is names["up"]
    while task:
        tasks.insert(0, task)
        task = task.before
    pipeline = json.loads((tmp_path / "dataproc" / "pipeline.json").read_text())
    jobs = [one["arguments"]["task_id"] for one in pipeline]
    assert [one.arguments["task_id"] for one in tasks] == ["cluster-up", *jobs, "cluster-down"]
    sent = [request_of(type(one).__name__, one.arguments) for one in tasks]
    assert sent[-1].cluster_name == sent[0].cluster.cluster_name
    assert {one.job.placement.cluster_name for one in sent[1:-1]} == {sent[-1].cluster_name}


def terraform(name):
    return (EXAMPLES / "terraform" / name).read_text(encoding="utf-8")


def quoted(pattern):
    """The strings in a list of main.tf."""
    (found,) = re.findall(pattern, terraform("main.tf"), re.DOTALL)
    return sorted(re.findall(r'"(.*?)"', found))


def guide_command(*start):
    (found,) = [one.words for one in commands(GUIDE) if one.words[: len(start)] == start]
    return found


def test_terraform_and_the_guide_enable_the_same_apis():
    enabled = guide_command("gcloud", "services", "enable")[3:]
    assert quoted(r"toset\(\[(.*?)\]\)") == sorted(enabled)


def test_terraform_and_the_guide_grant_the_same():
    options = guide_command("gcloud", "iam", "roles", "create", "movierecWorker")
    (permissions,) = [one for one in options if one.startswith("--permissions=")]
    listed = sorted(permissions.partition("=")[2].split(","))
    assert len(listed) > 10
    assert quoted(r"permissions = \[(.*?)\]") == listed
    # the guide also names the role that the suite's own replaces
    granted = set(re.findall(r'"(roles/[\w.]+)"', terraform("main.tf")))
    named = {code for code in inline_codes(GUIDE.read_text("utf-8")) if code.startswith("roles/")}
    assert granted | {"roles/dataproc.worker"} == named


def test_terraform_and_the_conf_name_the_same_account_and_region():
    config = ClusterConfig()
    (account,) = re.findall(r'account_id = "(.*)"', terraform("main.tf"))
    assert account == config.cluster.service_account == config.serverless.service_account
    (region,) = re.findall(
        r'variable "region".*?default += "(.*?)"', terraform("variables.tf"), re.S
    )
    assert region == config.region
    assert guide_command("gcloud", "iam", "service-accounts", "create")[4] == account


def test_the_guide_has_the_estimates_that_its_commands_print():
    hourly = []
    for options in (("--cluster-set", "cluster.primary_workers.count=0"), ()):
        cli = CliRunner()
        assert cli.run("cluster-up", "--dry-run", *options) == 0
        hourly += re.findall(r"estimate: about (\S+) USD per hour", cli.stderr)
    single, cluster = hourly
    text = " ".join(GUIDE.read_text("utf-8").split())
    assert f"about {single} USD per hour for a single node, about {cluster} for the cluster" in text
    assert f"an hour of both is about {float(single) + float(cluster):.2f} USD" in text
