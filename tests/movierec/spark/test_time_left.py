"""Durations as text; test_task_counts.py has estimates of the time left."""

import pytest

from movierec.spark.time_left import format_duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (12.0, "12 s"), (90.0, "90 s"), (90.1, "1.5 min"), (5400.0, "90.0 min")],
)
def test_a_duration_is_in_seconds_then_in_minutes(seconds, words):
    assert format_duration(seconds) == words
