"""The results of a finished run, as users open them.

Covers `movierec.data.datasets`.
"""

import json
import shutil
import subprocess
import sys

import pytest

from movierec.errors import InputError
from movierec.pipeline.dag import PIPELINE
from movierec.pipeline.execution import Execution
from movierec.results import Run, open_run
from movierec.spark.session import Session
from tests.support.finished import N_RATINGS, SAMPLE
from tests.support.markdown import ROOT, blocks

README = ROOT / "README.md"

MODELS = ("als", "ease", "als_explicit", "popularity", "random", "oracle")
HELD_OUT = ("validation", "test")


@pytest.fixture(scope="module")
def run(finished_run, session):
    """The finished run on the tests' Spark."""
    return Run(Execution(finished_run.config, session))


def opened(finished, *more):
    """The finished run, with further overrides, in a session that has not started Spark."""
    return open_run(str(SAMPLE), overrides=[*finished.overrides, *more])


def test_every_dataset_is_listed_and_can_be_read(run):
    listed = run.datasets()
    names = {(one.stage, one.name) for one in listed}
    assert {("ingest", "ratings"), ("partition", "train"), ("tune", "factors/als/users")} <= names
    assert {("evaluate", f"hits/{model}/test") for model in MODELS} <= names
    for one in listed:
        assert run.read(one.stage, one.name).count() == one.rows, one
        assert one.bytes > 0


def test_the_most_used_datasets_have_methods(run):
    assert run.ratings().count() == N_RATINGS
    assert run.movies().columns == ["movie_id", "title", "year", "genres"]
    parts = [run.split(name).count() for name in ("train", *HELD_OUT)]
    assert sum(parts) == N_RATINGS
    assert parts[0] == pytest.approx(0.6 * N_RATINGS, rel=0.02)
    assert {row["trial"] for row in run.trials().collect()} == {1, 2, 3, 4}
    twins = run.twins().orderBy("rank").collect()
    assert [row["rank"] for row in twins] == list(range(1, 101))
    assert twins[0]["jaccard"] == max(row["jaccard"] for row in twins)


@pytest.mark.parametrize(("model", "split"), [("als", "test"), ("popularity", "validation")])
def test_lists_and_metrics_are_those_of_the_model_and_the_split(run, model, split):
    lists, metrics = run.recommendations(model, split), run.user_metrics(model, split)
    hits = run.read("evaluate", f"hits/{model}/{split}")
    assert hits.join(lists, ["user_id", "movie_id", "rank"]).count() == hits.count()
    mean = metrics.agg({"ndcg": "avg"}).collect()[0][0]
    assert mean == pytest.approx(run.summary["models"][model][split]["ndcg_at_100"], abs=1e-6)


def test_the_facts_of_a_run_need_no_spark(finished_run):
    session = Session("never started")
    run = Run(Execution(finished_run.config, session))
    assert run.summary == finished_run.summary
    assert run.facts["summary"]["models"] == run.summary["models"]
    assert run.config.evaluation.k == 100
    assert run.manifest("tune").facts["winners"].keys() == {"als", "als_explicit", "ease"}
    assert len(run.datasets()) > 40
    assert not session.started


def test_an_unknown_stage_or_dataset_is_an_error_with_the_existing_names(run):
    with pytest.raises(InputError) as caught:
        run.manifest("tuning")
    names = ", ".join(stage.name for stage in PIPELINE)
    assert str(caught.value) == f"there is no stage 'tuning', only {names}"
    with pytest.raises(InputError, match="no dataset 'dev', only train, validation, test"):
        run.split("dev")
    with pytest.raises(InputError, match="there is no dataset 'facts', and no other"):
        run.read("report", "facts")


def test_a_stage_that_is_not_done_is_an_error_with_its_command(finished_run):
    run = opened(finished_run, "twins.pairs=7")
    for unfinished, target in [(run.twins, "twins"), (lambda: run.facts, "report")]:
        with pytest.raises(InputError, match=f"make it with `make {target}` or jobs/"):
            unfinished()
    assert "twins" not in run.summary
    assert "models" in run.summary
    assert {one.stage for one in run.datasets()} == {
        stage.name for stage in PIPELINE if stage.name not in ("twins", "report")
    }


def test_missing_facts_are_an_error_with_the_fix(finished_run, tmp_path):
    workspace = tmp_path / "copy"
    shutil.copytree(finished_run.workspace, workspace)
    (path,) = workspace.glob("report/*/*/report.json")
    path.unlink()
    with pytest.raises(InputError) as caught:
        _ = opened(finished_run, f"workspace={workspace}").facts
    assert str(caught.value) == (
        f"file://{path}: not there; make the stage report again with FORCE=1 (--force)"
    )


# README's example runs in a process of its own, whose Spark it stops
OPENED = 'open_run(sys.argv[1], overrides=sys.argv[2:], properties={"spark.master": "local[1]"})'
PROBE = """
import json, sys
from pyspark import SparkContext

{example}
    found = {{"master": run.spark.sparkContext.master}}
    found["partitions"] = run.spark.conf.get("spark.sql.shuffle.partitions")
found["running"] = SparkContext._active_spark_context is not None
print(json.dumps(found))
"""


@pytest.mark.slow
def test_readme_s_example_runs_and_stops_spark(finished_run):
    """Slow: a Spark of its own."""
    (example,) = (one.text for one in blocks(README.read_text("utf-8")) if one.language == "python")
    assert 'open_run("conf/small.yaml")' in example
    probe = PROBE.format(example=example.replace('open_run("conf/small.yaml")', OPENED).rstrip())
    command = [sys.executable, "-c", probe, str(SAMPLE), *finished_run.overrides]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    *shown, last = done.stdout.splitlines()
    assert "title" in shown[1]
    assert "only showing top 10 rows" in done.stdout
    assert json.loads(last) == {"master": "local[1]", "partitions": "1", "running": False}
