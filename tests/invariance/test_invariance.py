"""A short comparison on a small archive: rows and partitions changed."""

import pytest

from movierec.pipeline import dag
from tests.invariance.variants import find_differences, shuffled
from tests.support.confs import set_words
from tests.support.in_process import run_job

# the tests' session has one partition and no adaptive planning
OTHER_PLANS = {
    "spark.sql.shuffle.partitions": "7",
    "spark.sql.files.maxPartitionBytes": "300000",
    "spark.sql.adaptive.enabled": "true",
}


@pytest.mark.slow
def test_order_of_rows_and_partitions_do_not_change_results(
    finished_run, session, set_property, tmp_path, monkeypatch
):
    """Slow: every job, one by one, against the pipeline in one go."""
    archive = shuffled(finished_run.archive, tmp_path / "shuffled.zip")
    changes = {"workspace": str(tmp_path / "w"), "source.archive": str(archive)}
    changes |= {"source.sha256": None, "source.generate": None}
    words = [*finished_run.words, *set_words(changes)]
    for key, text in OTHER_PLANS.items():
        set_property(key, text)
    for stage in dag.PIPELINE:
        assert run_job(stage.job, words, session=session, patch=monkeypatch) == 0, stage.name
    assert list(find_differences(finished_run.workspace, tmp_path / "w")) == []
