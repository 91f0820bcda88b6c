"""How many digits of a number are published."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

# A sum's last digits depend on the order of its terms, which Spark does not fix.
DIGITS: Final = 9


def rounded(values: Iterable[Any]) -> list[float]:
    """Round numbers, such as the ends of an interval, to `DIGITS`."""
    return [round(float(value), DIGITS) for value in values]
