"""`make pipeline` from a laptop: Google's clients, a Dataproc whose jobs run on this YARN, gs://."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from movierec import stages
from movierec.config_loader import load_config, to_dict
from movierec.pipeline import export_results
from tests.cluster.pipelines import SMALL, assert_equal, execution, flags, sets
from tests.cluster.submission import YarnRunner
from tests.dataproc.fake_dataproc import FakeDataproc
from tests.dataproc.real_clients import PROJECT, REGION
from tests.dataproc.scenes import BUCKET, ROOT

RESULTS = "movierec/results"

# the first test waits for all jobs that others look at
pytestmark = pytest.mark.timeout(1800)


@dataclass(frozen=True)
class Laptop:
    """Where make is called, with the servers that stand in for Google."""

    conf: Path
    environment: dict[str, str]

    def make(self, target: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a target to its good end."""
        place = [f"PROJECT={PROJECT}", f"REGION={REGION}", f"BUCKET={BUCKET}"]
        place.append("CLUSTER_SET=timeouts.poll_seconds=0.5")
        done = subprocess.run(
            ["make", "--no-print-directory", target, *place, *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done


@pytest.fixture(scope="module")
def laptop(hadoop, storage, small_archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("laptop")
    text = SMALL.read_text(encoding="utf-8")
    overrides = sets("workspace", str(small_archive))
    config = load_config(text, origin=SMALL.name, overrides=overrides)
    conf = folder / "laptop.yaml"
    conf.write_text(yaml.safe_dump(to_dict(config)), encoding="utf-8")
    storage.create_bucket(BUCKET)
    runner = YarnRunner(hadoop, storage, tmp_path_factory.mktemp("drivers"))
    with FakeDataproc(storage=storage, runner=runner, grace_seconds=30) as server:
        # of the make that runs these tests
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        servers = {
            "DATAPROC_EMULATOR_HOST": server.address,
            "STORAGE_EMULATOR_HOST": storage.url,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "no_proxy": "127.0.0.1",
        }
        yield Laptop(conf, inherited | servers)


@pytest.fixture(scope="module")
def done(laptop):
    """What `make pipeline` says, on a cluster that `make cluster-up` made."""
    laptop.make("cluster-up")
    return laptop.make("pipeline", f"CONF={laptop.conf}")


def test_every_job_runs_and_its_driver_is_heard(done):
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["output"] == f"gs://{BUCKET}/{RESULTS}"
    assert len(summary["jobs"]) == 2 + len(stages.PIPELINE)
    for stage in stages.PIPELINE:
        assert f'"job": "{stage.job}", "fingerprint"' in done.stdout
    assert "tune_als: trial 1/2" in done.stdout
    assert "step 9 of 9: export_results" in done.stderr


def test_a_second_pipeline_finds_every_job_done(laptop, done):
    again = laptop.make("pipeline", f"CONF={laptop.conf}")
    assert again.stderr.count("has ended well already") == 2 + len(stages.PIPELINE)


@pytest.fixture(scope="module")
def downloaded(session, storage, small_archive, done, tmp_path_factory):
    """The results in the bucket, byte for byte, where Spark without gs:// reads them."""
    here = tmp_path_factory.mktemp("bucket")
    for name in storage.names(BUCKET, f"{RESULTS}/"):
        if not name.endswith("/"):
            path = here / name.removeprefix(f"{RESULTS}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(storage.get(BUCKET, name))
    return execution(session, sets(f"file://{here}", str(small_archive)))


@pytest.mark.parametrize("stage", stages.PIPELINE, ids=lambda stage: stage.name)
def test_results_in_the_bucket_equal_those_of_local_mode(spark, local, downloaded, stage):
    assert_equal(spark, stage, local, downloaded)


def test_what_is_fetched_is_what_a_local_run_exports(laptop, local, done, tmp_path):
    place = {"project": PROJECT, "region": REGION, "bucket": BUCKET}
    words = [word for k, v in place.items() for word in ("--cluster-set", f"{k}={v}")]
    cluster = ROOT / "conf" / "cluster.yaml"
    words += ["--cluster", str(cluster), "--config", str(laptop.conf)]
    subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "dataproc.py"), "fetch", *words],
        cwd=tmp_path,
        env=laptop.environment,
        check=True,
    )
    fetched, exported = tmp_path / "out" / "laptop", tmp_path / "local"
    export_results(local, exported)
    assert (fetched / "twins.csv").read_bytes() == (exported / "twins.csv").read_bytes()
    summaries = [json.loads((at / "summary.json").read_text()) for at in (fetched, exported)]
    for summary in summaries:
        del summary["timings"]
    assert summaries[0] == summaries[1]


def test_jobs_on_yarn_read_and_write_the_bucket(submitter, done, storage):
    root = f"gs://{BUCKET}"
    (zip_name,) = storage.names(BUCKET, "movierec/archives/")
    overrides = flags(sets(f"{root}/{RESULTS}", f"{root}/{zip_name}"))
    found = submitter.run("evaluate", *overrides, conf=SMALL)
    assert found.exit_code == 0, found.output[-3000:]
    assert found.summary["reused"] is True
    made = submitter.run("find_twins", *overrides, "--force", conf=SMALL)
    assert made.exit_code == 0, made.output[-3000:]
    assert made.summary["reused"] is False
    assert made.summary["output"].startswith(f"{root}/{RESULTS}/twins/")


def test_the_cluster_goes_once_its_results_are_exported(laptop, done):
    laptop.make("cluster-down")
