"""Example users, selected by a rule: what they liked, got recommended, liked later, see next."""

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
    SOURCE,
    TITLE,
    USER_ID,
)
from movierec.data.counts import count_ratings_by
from movierec.data.rounding import DIGITS

RULE: Final = (
    "the users at the 5th, 15th, … 95th percentile of the number of ratings before test, among "
    "those with a relevant movie in test; of users with equally many ratings, the lowest id"
)
_USERS = 10
_MOST_LIKED, _TOP = 5, 10


@dataclass(frozen=True, kw_only=True)
class ExampleInputs:
    """The tables that examples are made from, for one held-out split."""

    train: DataFrame
    """The ratings before the split."""
    relevant: DataFrame
    """The relevant (user, movie) pairs of the split."""
    recommendations: DataFrame
    movies: DataFrame
    metrics: Mapping[str, DataFrame]
    """The user metrics of each model to compare."""
    delivered: DataFrame
    """Everybody's next movies, after the held-out split too."""


def collect_examples(inputs: ExampleInputs, *, relevant_rating: float) -> list[dict[str, Any]]:
    """Return up to ten examples, the least active user first."""
    activity = count_ratings_by(inputs.train, key=USER_ID).join(
        inputs.relevant.select(USER_ID).distinct(), on=USER_ID, how="left_semi"
    )
    selected = _collect_selected_users(activity)

    def of_selected(rows: DataFrame) -> DataFrame:
        return rows.where(F.col(USER_ID).isin([user for user, _ in selected]))

    liked, recommended, relevant, delivered = (
        _collect_by_user(of_selected(rows).transform(_with_titles, movies=inputs.movies))
        for rows in (
            inputs.train.where(F.col(RATING) >= relevant_rating),
            inputs.recommendations.select(USER_ID, MOVIE_ID, RANK),
            inputs.relevant,
            inputs.delivered.where(F.col(RANK) <= _TOP),
        )
    )
    ndcg = {
        model: {row[USER_ID]: row[NDCG] for row in of_selected(metrics).collect()}
        for model, metrics in inputs.metrics.items()
    }
    return [
        {
            "user_id": user,
            "ratings": n_ratings,
            "ndcg": {model: round(values[user], DIGITS) for model, values in ndcg.items()},
            **_example(liked[user], recommended[user], relevant[user]),
            **_next(delivered[user]),
        }
        for user, n_ratings in selected
    ]


def _collect_selected_users(activity: DataFrame) -> list[tuple[int, int]]:
    """Return (user, number of ratings) of the users to show; see RULE."""
    points = ", ".join(str((n + 0.5) / _USERS) for n in range(_USERS))
    query = f"percentile_approx({N_RATINGS}, array({points}), 1000000) AS percentiles"
    (row,) = activity.selectExpr(query).collect()
    percentiles = row["percentiles"] or []
    rows = (
        activity.where(F.col(N_RATINGS).isin(sorted(set(percentiles))))
        .groupBy(N_RATINGS)
        .agg(F.slice(F.sort_array(F.collect_list(USER_ID)), 1, _USERS).alias("users"))
        .collect()
    )
    users = {row[N_RATINGS]: row["users"] for row in rows}
    return [
        (user, n_ratings)
        for n_ratings in sorted(users)
        for user in users[n_ratings][: percentiles.count(n_ratings)]
    ]


def _with_titles(rows: DataFrame, *, movies: DataFrame) -> DataFrame:
    """Add title and genres to each row; null for a movie that is not in `movies`."""
    return rows.join(movies.select(MOVIE_ID, TITLE, GENRES), on=MOVIE_ID, how="left")


def _collect_by_user(rows: DataFrame) -> dict[int, list[Row]]:
    by_user: dict[int, list[Row]] = defaultdict(list)
    for row in rows.collect():
        by_user[row[USER_ID]].append(row)
    return by_user


def _example(
    liked: Sequence[Row], recommended: Sequence[Row], relevant: Sequence[Row]
) -> dict[str, Any]:
    """Return the facts of one user; of equally liked movies, those rated last are shown."""
    best = sorted(liked, key=lambda row: (-row[RATING], -row[RATED_AT].timestamp(), row[MOVIE_ID]))
    relevant_ids = {row[MOVIE_ID] for row in relevant}
    ranked = sorted(recommended, key=lambda row: row[RANK])
    ranks = {row[MOVIE_ID]: row[RANK] for row in ranked}
    found = sorted(
        (row for row in relevant if row[MOVIE_ID] in ranks), key=lambda row: ranks[row[MOVIE_ID]]
    )
    return {
        "liked": [{**_movie(row), "stars": float(row[RATING])} for row in best[:_MOST_LIKED]],
        "recommended": [
            {**_movie(row), "rank": row[RANK], "liked_later": row[MOVIE_ID] in relevant_ids}
            for row in ranked[:_TOP]
        ],
        "liked_later": len(relevant_ids),
        "found": len(found),
        "found_at": [{**_movie(row), "rank": ranks[row[MOVIE_ID]]} for row in found[:_TOP]],
    }


def _next(delivered: Sequence[Row]) -> dict[str, Any]:
    """Return the source and the movies of a user's list; null and none who rated every movie."""
    ranked = sorted(delivered, key=lambda row: row[RANK])
    return {
        "next_source": ranked[0][SOURCE] if ranked else None,
        "next": [_movie(row) for row in ranked],
    }


def _movie(row: Row) -> dict[str, Any]:
    return {"movie_id": row[MOVIE_ID], "title": row[TITLE], "genres": list(row[GENRES] or [])}
