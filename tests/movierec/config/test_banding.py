"""Bandings have the miss probability that was asked for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.config.banding import Banding, bands_needed, derive_banding

SIMILARITIES = st.floats(0.01, 0.999)
MISSES = st.floats(1e-6, 0.9)
SLACK = 1 + 1e-9


@settings(max_examples=300, deadline=None)
@given(similarity=SIMILARITIES, rows=st.integers(1, 4), miss=MISSES)
def test_fewer_bands_miss_more_often_than_allowed(similarity, rows, miss):
    bands = bands_needed(similarity, rows, miss=miss)
    assert Banding(rows, bands).miss_probability(similarity) <= miss * SLACK
    if bands > 1:
        assert Banding(rows, bands - 1).miss_probability(similarity) * SLACK > miss


@settings(max_examples=300, deadline=None)
@given(similarity=SIMILARITIES, miss=MISSES, hashes=st.integers(1, 600))
def test_a_banding_misses_rarely_enough_and_has_no_room_for_another_row(similarity, miss, hashes):
    try:
        found = derive_banding(similarity, miss=miss, hashes=hashes)
    except ValueError:
        found = Banding(rows=0, bands=0)
    else:
        assert found.rows * found.bands <= hashes
        assert found.miss_probability(similarity) <= miss * SLACK
    one_more = Banding(found.rows + 1, hashes // (found.rows + 1))
    assert one_more.miss_probability(similarity) * SLACK > miss


def test_too_few_hashes_are_refused_with_the_number_needed():
    with pytest.raises(ValueError, match=r"^a similarity of 0\.1 needs 66 hashes, not 65$"):
        derive_banding(0.1, miss=0.001, hashes=65)
    assert derive_banding(0.1, miss=0.001, hashes=66) == Banding(rows=1, bands=66)
