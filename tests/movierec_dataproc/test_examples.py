"""docs/examples: the DAG with operators that only record."""

import json
import runpy
import shutil
import sys
from types import ModuleType

import pytest

from tests.support.dataproc.airflow_operators import PARAMETERS, request_of
from tests.support.dataproc.cli_runner import CliRunner, tiny_conf
from tests.support.paths import ROOT

EXAMPLES = ROOT / "docs" / "examples"


class Recorded:
    """A DAG, or a task with the task before it."""

    def __init__(self, *args, **arguments):
        self.args, self.arguments, self.before, self.setup = args, arguments, None, None
        self.tasks = []

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
