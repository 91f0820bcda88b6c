"""The constraints that a config field can carry in its annotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, the ends included unless `open_ends`."""

    low: float
    high: float
    open_ends: bool = False

    def __contains__(self, value: float) -> bool:
        """Return whether the value is in the range; NaN never is."""
        if self.open_ends:
            return self.low < value < self.high
        return self.low <= value <= self.high

    def __str__(self) -> str:
        """Return the range in the words of an error message."""
        if self.open_ends:
            return f"between {self.low:.15g} and {self.high:.15g}, both excluded"
        return f"from {self.low:.15g} to {self.high:.15g}"


@dataclass(frozen=True)
class ListOf:
    """A list of at least one value, all different, each in `range` if there is one."""

    range: Range | None


Fraction = Annotated[float, Range(0.0, 1.0, open_ends=True)]
Seed = Annotated[int, Range(0, 2**31 - 1)]
