"""Estimates of the time left, and durations as text."""

import pytest

from movierec.spark.time_left import TimeLeft, format_duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (12.0, "12 s"), (90.0, "90 s"), (90.1, "1.5 min"), (5400.0, "90.0 min")],
)
def test_a_duration_is_in_seconds_then_in_minutes(seconds, words):
    assert format_duration(seconds) == words


def test_the_time_left_decreases_and_is_none_once_it_is_over():
    left = TimeLeft(30.0, at_most=True)
    assert left.after(10.0) == TimeLeft(20.0, at_most=True)
    assert left.after(30.0) is None
