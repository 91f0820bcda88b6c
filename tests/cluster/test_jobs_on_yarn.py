"""Jobs by spark-submit on YARN, as people without the laptop's side call them."""

from __future__ import annotations

import pytest

from movierec import stages
from tests.cluster.pipelines import SMALL, assert_equal, execution, flags, sets
from tests.dataproc.scenes import BUCKET

# the first test waits for the pipeline
pytestmark = pytest.mark.timeout(1800)


def test_results_are_exported_where_there_is_no_distcp(
    spark, session, hadoop, submitter, archive, workspace, local
):
    target = f"{hadoop.hdfs}/exported"
    overrides = flags(sets(workspace, archive))
    done = submitter.run("export_results", *overrides, "--target", target, conf=SMALL)
    assert done.exit_code == 0, done.output[-3000:]
    assert done.summary["copied"] == {stage.name: True for stage in stages.PIPELINE}
    assert_equal(spark, stages.TWINS, local, execution(session, sets(target, archive)))


def test_a_job_reads_and_writes_the_bucket(submitter, pipeline, storage):
    root = f"gs://{BUCKET}"
    (zip_name,) = storage.names(BUCKET, "movierec/archives/")
    overrides = flags(sets(f"{root}/movierec/results", f"{root}/{zip_name}"))
    done = submitter.run("find_twins", *overrides, "--force", conf=SMALL)
    assert done.exit_code == 0, done.output[-3000:]
    assert done.summary["reused"] is False
    assert done.summary["output"].startswith(f"{root}/movierec/results/twins/")
