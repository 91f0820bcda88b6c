"""Jobs by spark-submit on YARN, most without the laptop's commands."""

import io
import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from tests.cluster.pipelines import flags
from tests.cluster.submission import PROPERTIES, ROOT
from tests.support.dataproc.cli_runner import BUCKET
from tests.support.finished import SAMPLE, overrides_on

# a notebook on a machine of the cluster, without spark-submit
NOTEBOOK = """
import json, sys
from movierec.results import open_run

conf, overrides, properties = sys.argv[1], *map(json.loads, sys.argv[2:])
with open_run(conf, overrides=overrides, properties=properties) as run:
    spark = run.spark.sparkContext.getConf()
    rows = run.read("twins", "twins").count()
    print(json.dumps([spark.get("spark.master"), spark.get("spark.driver.host"), rows]))
"""

# the first test waits for the pipeline
pytestmark = pytest.mark.timeout(1800)


def test_a_job_reads_and_writes_the_bucket(submitter, pipeline, storage):
    root = f"gs://{BUCKET}"
    (zip_name,) = storage.names(BUCKET, "movierec/archives/")
    overrides = flags(overrides_on(f"{root}/movierec/results", f"{root}/{zip_name}"))
    done = submitter.run("find_twins", *overrides, "--force", conf=SAMPLE)
    assert done.exit_code == 0, done.output[-3000:]
    assert done.summary["reused"] is False
    assert done.summary["output"].startswith(f"{root}/movierec/results/twins/")


def test_everybody_s_lists_go_to_the_bucket(laptop, pipeline, storage):
    done = laptop.make("submit", f"CONF={laptop.conf}", "JOB=export_lists")
    output = json.loads(done.stdout.splitlines()[-1])["output"]
    assert output.startswith(f"gs://{BUCKET}/movierec/lists/laptop-")
    names = storage.names(BUCKET, output.removeprefix(f"gs://{BUCKET}/") + "/part-")
    parts = [pq.read_table(io.BytesIO(storage.get(BUCKET, name))) for name in names]
    # ten of each of the archive's 100 users
    assert sum(part.num_rows for part in parts) == 1000
    assert {column for part in parts for column in part.column_names} > {"title", "genres"}


def test_the_model_on_hdfs_is_spark_s_own(spark, workspace):
    """Read by the tests' Spark, which is not the cluster's."""
    (found,) = spark.read.text(f"{workspace}/deliver/*/*/model/metadata").collect()
    assert json.loads(found[0])["class"] == "org.apache.spark.ml.recommendation.ALSModel"
    users = spark.read.parquet(f"{workspace}/deliver/*/*/model/userFactors")
    assert users.columns == ["id", "features"]
    assert users.count() == 100


def test_a_notebook_opens_results_on_yarn(hadoop, archive, workspace):
    properties = {**PROPERTIES, **hadoop.spark_properties, "spark.master": "yarn"}
    # executors on other machines reach the address that Spark chooses
    del properties["spark.driver.host"], properties["spark.driver.bindAddress"]
    arguments = [json.dumps(one) for one in (overrides_on(workspace, archive), properties)]
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, str(SAMPLE), *arguments],
        env={
            **os.environ,
            **hadoop.environment,
            "PYTHONPATH": str(ROOT / "src"),
            "SPARK_LOCAL_HOSTNAME": "localhost",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == ["yarn", "localhost", 100]
