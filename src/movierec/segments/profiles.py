"""What each segment is like: its size, activity and stars, its traits, its most typical movies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data import columns as c
from movierec.data.arrays import Floats, Ints
from movierec.data.counts import count_ratings_by
from movierec.data.rounding import DIGITS
from movierec.segments.stability import STABLE_JACCARD
from movierec.segments.traits import Trait
from movierec.segments.usefulness import shrunk_shares

STABLE, FAIR, DOUBTFUL = "stable", "fair", "do not trust"
_TRUSTED_FROM: Final = 0.60
TYPICAL_MOVIES: Final = 5
SHOWN_TRAITS: Final = 8
_FLOOR_SHARE, _FLOOR_USERS = 0.05, 3
_TOTAL = "total"


@dataclass(frozen=True)
class Activity:
    """The users of one segment and all their ratings."""

    users: int
    ratings: int
    median_ratings: float
    mean_rating: float


def trust(stability: float) -> str:
    """Return what Hennig's mean best Jaccard similarity says of a segment.

    >>> trust(0.75), trust(0.6), trust(0.59)
    ('stable', 'fair', 'do not trust')
    """
    if stability >= STABLE_JACCARD:
        return STABLE
    return FAIR if stability >= _TRUSTED_FROM else DOUBTFUL


def collect_activity(ratings: DataFrame, *, members: DataFrame) -> dict[int | None, Activity]:
    """Return the activity of each segment, from 1, and of the users without one at None."""
    counts = count_ratings_by(ratings, key=c.USER_ID)
    stars = ratings.groupBy(c.USER_ID).agg(F.sum(F.col(c.RATING).cast("double")).alias(_TOTAL))
    by_user = members.join(counts, on=c.USER_ID, how="inner").join(stars, on=c.USER_ID, how="inner")
    rows = (
        by_user.groupBy(c.SEGMENT)
        .agg(
            F.count(F.lit(1)).alias(c.N_USERS),
            F.sum(c.N_RATINGS).alias(c.N_RATINGS),
            F.percentile(c.N_RATINGS, 0.5).alias(c.MEDIAN_RATINGS),
            F.sum(_TOTAL).alias(_TOTAL),
        )
        .collect()
    )
    return {
        row[c.SEGMENT]: Activity(
            users=row[c.N_USERS],
            ratings=row[c.N_RATINGS],
            median_ratings=float(row[c.MEDIAN_RATINGS]),
            mean_rating=float(row[_TOTAL]) / row[c.N_RATINGS],
        )
        for row in rows
    }


def typical_movies(
    movie_ids: Ints, counts: Ints, all_counts: Ints, *, n_users: Sequence[int], pseudo_likes: float
) -> list[list[int]]:
    """Return the ids of the movies that are most typical of each segment, the most typical first.

    They have the highest ratio of the segment's share of likes to the others' share, both shrunk as
    in the segment's list, among the movies that 5 % of the segment's users like, and three.
    """
    own = shrunk_shares(counts, all_counts, pseudo_likes)[:-1]
    others = shrunk_shares(all_counts[None, :] - counts, all_counts, pseudo_likes)[:-1]
    lifts: Floats = own / np.where(others > 0, others, 1)
    chosen = []
    for segment, users in enumerate(n_users):
        enough = counts[segment] >= max(_FLOOR_USERS, _FLOOR_SHARE * users)
        order = np.lexsort((movie_ids, np.where(enough, -lifts[segment], np.inf)))
        more = order[: min(TYPICAL_MOVIES, int(enough.sum()))]
        chosen.append([int(one) for one in movie_ids[more]])
    return chosen


def profile_rows(
    *,
    names: Sequence[str],
    activity: Mapping[int | None, Activity],
    n_clustered: Sequence[int],
    stability: Floats,
    traits: Sequence[Trait],
    typical: Sequence[Sequence[int]],
    titles: Mapping[int, str],
) -> list[dict[str, Any]]:
    """Return the rows of the dataset `profiles`, by segment."""
    users = sum(one.users for one in activity.values())
    ratings = sum(one.ratings for one in activity.values())
    rows = []
    for at, name in enumerate(names):
        own = activity.get(at + 1, Activity(0, 0, 0.0, 0.0))
        mine = [one for one in traits if one.segment == at]
        more, less = ([one.name for one in mine if (one.lift > 1) is up] for up in (True, False))
        rows.append(
            {
                c.SEGMENT: at + 1,
                c.NAME: name,
                c.N_USERS: own.users,
                c.USER_SHARE: round(own.users / max(1, users), DIGITS),
                c.N_CLUSTERED: int(n_clustered[at]),
                c.MEDIAN_RATINGS: own.median_ratings,
                c.MEAN_RATING: round(own.mean_rating, DIGITS),
                c.RATING_SHARE: round(own.ratings / max(1, ratings), DIGITS),
                c.STABILITY: round(float(stability[at]), DIGITS),
                c.TRUST: trust(float(stability[at])),
                c.LIKES_MORE: [*dict.fromkeys(more)][:SHOWN_TRAITS],
                c.LIKES_LESS: [*dict.fromkeys(less)][:SHOWN_TRAITS],
                c.TITLES: [titles.get(movie, f"movie {movie}") for movie in typical[at]],
            }
        )
    return rows
