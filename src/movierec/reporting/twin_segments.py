"""How many pairs of twins are in one segment."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import SEGMENT, USER_A, USER_B, USER_ID
from movierec.data.rounding import DIGITS

_A, _B = "a", "b"


def collect_twins_together(twins: DataFrame, members: DataFrame) -> dict[str, Any]:
    """Return the number of pairs in one segment, and how many would be by chance.

    `pairs` are those whose users both have a segment. By chance: if the two users of a pair were
    drawn from all users of these pairs, each as often as it is in one.

    >>> twins = spark.createDataFrame([(1, 2), (1, 3), (4, 9)], "user_a int, user_b int")
    >>> members = spark.createDataFrame([(1, 1), (2, 1), (3, 2), (4, 2), (9, None)],
    ...     "user_id int, segment int")
    >>> collect_twins_together(twins, members)
    {'pairs': 2, 'together': 1, 'expected': 1.25}
    """
    placed = members.where(F.col(SEGMENT).isNotNull())
    for user, segment in ((USER_A, _A), (USER_B, _B)):
        own = placed.select(F.col(USER_ID).alias(user), F.col(SEGMENT).alias(segment))
        twins = twins.join(own, on=user, how="inner")
    pairs = [(row[_A], row[_B]) for row in twins.select(_A, _B).collect()]
    slots = Counter(segment for pair in pairs for segment in pair)
    chance = sum(n**2 for n in slots.values()) / max(1, 2 * len(pairs)) ** 2
    return {
        "pairs": len(pairs),
        "together": sum(one == other for one, other in pairs),
        "expected": round(chance * len(pairs), DIGITS),
    }
