"""Estimates of the time that is left, in words that claim no more than is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TimeLeft:
    """So many seconds are left; `at_most` where it is a bound and not a guess.

    >>> print(TimeLeft(12.3), TimeLeft(390.0, at_most=True), sep=", ")
    about 12 s left, at most 6.5 min left
    """

    seconds: float
    at_most: bool = False

    def after(self, seconds: float) -> TimeLeft | None:
        """Return what is left so many seconds later; None once time has refuted a guess."""
        left = self.seconds - seconds
        return TimeLeft(left, self.at_most) if left > 0.0 else None

    def __str__(self) -> str:
        return f"{'at most' if self.at_most else 'about'} {in_words(self.seconds)} left"


def in_words(seconds: float) -> str:
    """Return a duration in seconds, or in minutes where it is longer than 90 seconds.

    >>> in_words(89.6), in_words(126.0)
    ('90 s', '2.1 min')
    """
    return f"{seconds / 60:.1f} min" if seconds > 90 else f"{seconds:.0f} s"
