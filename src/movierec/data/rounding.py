"""How numbers are published."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

# A sum's last digits depend on the order of its terms, which Spark does not fix.
DIGITS: Final = 9


def rounded(values: Iterable[Any]) -> list[float]:
    """Return numbers, such as the ends of an interval, as they are published."""
    return [round(float(value), DIGITS) for value in values]
