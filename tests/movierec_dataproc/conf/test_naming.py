"""Names that Dataproc accepts; the same work has the same names."""

from hypothesis import given
from hypothesis import strategies as st

from movierec_dataproc.conf import naming
from tests.support.dataproc import fake_rules


@given(st.text(max_size=200))
def test_a_label_from_any_text(text):
    value = naming.label_value(text)
    assert fake_rules.LABEL_VALUE.fullmatch(value)
    assert naming.label_value(value) == value
    assert bool(value) == bool(text)


def test_a_digest_follows_from_every_part():
    first = naming.digest("a", ["b", "c"])
    assert first == naming.digest("a", ["b", "c"])
    others = {naming.digest("a", ["b"], "c"), naming.digest("ab", ["c"]), naming.digest("a", "bc")}
    assert len(others | {first}) == 4
