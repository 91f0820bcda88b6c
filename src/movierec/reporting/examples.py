"""A few users, picked by rule, with what they liked, what they got and what they liked later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from movierec.data.columns import (
    GENRES,
    MOVIE_ID,
    N_RATINGS,
    NDCG,
    RANK,
    RATED_AT,
    RATING,
    TITLE,
    USER_ID,
)
from movierec.data.counts import count_ratings_by
from movierec.data.rounding import DIGITS

RULE: Final = (
    "of the users with a relevant movie in test, those at the 5th, 15th, … 95th percentile of the "
    "number of ratings before test; of equally active ones the lowest id"
)
_EXAMPLES = 10
_LIKED, _SHOWN = 5, 10


@dataclass(frozen=True, kw_only=True)
class Material:
    """What examples are made of, all of the split that users are shown for."""

    known: DataFrame
    """The ratings before it."""
    relevant: DataFrame
    """The (user, movie) pairs that were liked in it."""
    recommendations: DataFrame
    movies: DataFrame
    metrics: Mapping[str, DataFrame]
    """The metrics by user of each model to compare."""


def collect_examples(material: Material, *, relevant_rating: float) -> list[dict[str, Any]]:
    """Return the examples, the least active user first; fewer where there are fewer users."""
    activity = count_ratings_by(material.known, key=USER_ID).join(
        material.relevant.select(USER_ID).distinct(), on=USER_ID, how="left_semi"
    )
    picked = _collect_picked(activity)

    def of_picked(frame: DataFrame) -> DataFrame:
        return frame.where(F.col(USER_ID).isin([user for user, _ in picked]))

    liked = of_picked(material.known).where(F.col(RATING) >= relevant_rating)
    lists = of_picked(material.recommendations).select(USER_ID, MOVIE_ID, RANK)
    relevant = of_picked(material.relevant)
    tables = {
        name: _by_user(rows.transform(with_titles, movies=material.movies))
        for name, rows in (("liked", liked), ("listed", lists), ("relevant", relevant))
    }
    ndcg = {
        model: {row[USER_ID]: row[NDCG] for row in of_picked(metrics).collect()}
        for model, metrics in material.metrics.items()
    }
    return [
        {
            "user_id": user,
            "ratings": n_ratings,
            "ndcg": {model: round(values[user], DIGITS) for model, values in ndcg.items()},
            **_example(*(table[user] for table in tables.values())),
        }
        for user, n_ratings in picked
    ]


def _collect_picked(activity: DataFrame) -> list[tuple[int, int]]:
    """Return (user, ratings) of the users to show."""
    points = ", ".join(str((n + 0.5) / _EXAMPLES) for n in range(_EXAMPLES))
    query = f"percentile_approx({N_RATINGS}, array({points}), 1000000) AS wanted"
    (row,) = activity.selectExpr(query).collect()
    wanted = row["wanted"] or []
    rows = (
        activity.where(F.col(N_RATINGS).isin(sorted(set(wanted))))
        .groupBy(N_RATINGS)
        .agg(F.slice(F.sort_array(F.collect_list(USER_ID)), 1, _EXAMPLES).alias("users"))
        .collect()
    )
    users = {row[N_RATINGS]: row["users"] for row in rows}
    return [
        (user, n_ratings)
        for n_ratings in sorted(users)
        for user in users[n_ratings][: wanted.count(n_ratings)]
    ]


def with_titles(rows: DataFrame, *, movies: DataFrame) -> DataFrame:
    """Add each row's title and genres; null for a movie that `movies` does not know."""
    return rows.join(movies.select(MOVIE_ID, TITLE, GENRES), on=MOVIE_ID, how="left")


def _by_user(rows: DataFrame) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows.collect():
        found[row[USER_ID]].append(row)
    return found


def _example(
    liked: Sequence[Row], listed: Sequence[Row], relevant: Sequence[Row]
) -> dict[str, Any]:
    """Return what is shown of one user: what was liked best and last, and what was recommended."""
    best = sorted(liked, key=lambda row: (-row[RATING], -row[RATED_AT].timestamp(), row[MOVIE_ID]))
    wanted = {row[MOVIE_ID] for row in relevant}
    ranked = sorted(listed, key=lambda row: row[RANK])
    ranks = {row[MOVIE_ID]: row[RANK] for row in ranked}
    found = sorted(
        (row for row in relevant if row[MOVIE_ID] in ranks), key=lambda row: ranks[row[MOVIE_ID]]
    )
    return {
        "liked": [{**_movie(row), "stars": float(row[RATING])} for row in best[:_LIKED]],
        "recommended": [
            {**_movie(row), "rank": row[RANK], "liked_later": row[MOVIE_ID] in wanted}
            for row in ranked[:_SHOWN]
        ],
        "liked_later": len(wanted),
        "found": len(found),
        "found_at": [{**_movie(row), "rank": ranks[row[MOVIE_ID]]} for row in found[:_SHOWN]],
    }


def _movie(row: Row) -> dict[str, Any]:
    return {"movie_id": row[MOVIE_ID], "title": row[TITLE], "genres": list(row[GENRES] or [])}
