"""Estimates of the time left."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TimeLeft:
    """The seconds left: an estimate, or an upper bound if `at_most`.

    >>> print(TimeLeft(12.3), TimeLeft(390.0, at_most=True), sep=", ")
    about 12 s left, at most 6.5 min left
    """

    seconds: float
    at_most: bool = False

    def after(self, seconds: float) -> TimeLeft | None:
        """Return what is left after `seconds`; None once the estimated time is over."""
        left = self.seconds - seconds
        return TimeLeft(left, self.at_most) if left > 0.0 else None

    def __str__(self) -> str:
        return f"{'at most' if self.at_most else 'about'} {format_duration(self.seconds)} left"


def format_duration(seconds: float) -> str:
    """Return a duration in seconds, or in minutes if it is longer than 90 seconds.

    >>> format_duration(89.6), format_duration(126.0)
    ('90 s', '2.1 min')
    """
    return f"{seconds / 60:.1f} min" if seconds > 90 else f"{seconds:.0f} s"
