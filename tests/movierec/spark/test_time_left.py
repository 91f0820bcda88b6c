"""Estimates in words."""

from __future__ import annotations

import pytest

from movierec.spark.time_left import TimeLeft, in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (12.0, "12 s"), (90.0, "90 s"), (90.1, "1.5 min"), (5400.0, "90.0 min")],
)
def test_a_duration_is_told_in_seconds_then_in_minutes(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_a_bound_does_not_read_like_a_guess() -> None:
    assert str(TimeLeft(30.0)) == "about 30 s left"
    assert str(TimeLeft(30.0, at_most=True)) == "at most 30 s left"


def test_what_is_left_shrinks_and_a_guess_that_has_passed_is_dropped() -> None:
    left = TimeLeft(30.0, at_most=True)
    assert left.after(10.0) == TimeLeft(20.0, at_most=True)
    assert left.after(30.0) is None
