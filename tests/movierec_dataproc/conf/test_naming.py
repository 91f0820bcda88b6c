"""Names that Dataproc accepts; the same work has the same names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from movierec_dataproc.conf import naming
from movierec_dataproc.plan.plan import EXPORT, STAGE_IN
from tests.support.dataproc import fake_rules


@given(st.text(max_size=200))
def test_a_label_from_any_text(text: str) -> None:
    value = naming.label_value(text)
    assert fake_rules.LABEL_VALUE.fullmatch(value)
    assert naming.label_value(value) == value


def test_ids_fit_jobs_and_batches() -> None:
    longest = naming.attempt_id(naming.work_id("fit_popularity_of_everything", "f" * 12), 100)
    for job_id in (longest, naming.work_id(EXPORT, "0" * 12), naming.work_id(STAGE_IN, "0" * 12)):
        assert fake_rules.JOB_ID.fullmatch(job_id)
        assert fake_rules.BATCH_ID.fullmatch(job_id)


def test_a_digest_follows_from_every_part() -> None:
    first = naming.digest("a", ["b", "c"])
    assert first == naming.digest("a", ["b", "c"])
    others = {naming.digest("a", ["b"], "c"), naming.digest("ab", ["c"]), naming.digest("a", "bc")}
    assert len(others | {first}) == 4


def test_a_new_request_id_is_new_each_time() -> None:
    first = naming.new_request_id()
    assert first != naming.new_request_id()
    for request_id in (first, naming.request_id("p", "job")):
        assert fake_rules.REQUEST_ID.fullmatch(request_id)
