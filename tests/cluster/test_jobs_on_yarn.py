"""Every job by spark-submit on YARN, its archive and results on HDFS, against local mode."""

from __future__ import annotations

import pytest

from movierec import stages
from tests.cluster.pipelines import SMALL, assert_equal, execution, flags, sets

# the first test waits for all jobs that others look at
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def on_yarn(session, hadoop, submitter, archive):
    """The pipeline, job by job, on YARN and HDFS."""
    overrides = sets(f"{hadoop.hdfs}/workspace", archive)
    for stage in stages.PIPELINE:
        done = submitter.run(stage.job, *flags(overrides), conf=SMALL)
        assert done.exit_code == 0, done.output[-3000:]
        assert done.summary["output"].startswith(f"{hadoop.hdfs}/workspace/{stage.name}/")
    return execution(session, overrides)


@pytest.mark.parametrize("stage", stages.PIPELINE, ids=lambda stage: stage.name)
def test_results_on_hdfs_equal_those_of_local_mode_row_for_row(spark, local, on_yarn, stage):
    assert_equal(spark, stage, local, on_yarn)


def test_results_are_exported_where_there_is_no_distcp(
    spark, session, hadoop, submitter, archive, on_yarn, local
):
    target = f"{hadoop.hdfs}/exported"
    overrides = flags(sets(on_yarn.workspace.root, archive))
    done = submitter.run("export_results", *overrides, "--target", target, conf=SMALL)
    assert done.exit_code == 0, done.output[-3000:]
    assert done.summary["copied"] == {stage.name: True for stage in stages.PIPELINE}
    assert_equal(spark, stages.TWINS, local, execution(session, sets(target, archive)))
    again = submitter.run("export_results", *overrides, "--target", target, conf=SMALL)
    assert again.summary["copied"] == {stage.name: False for stage in stages.PIPELINE}
