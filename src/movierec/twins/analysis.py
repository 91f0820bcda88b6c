"""The measurements of the twins that the `find_twins` job reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.config.twins import TwinsConfig
from movierec.data.columns import MOVIE_ID, N_RATINGS, TITLE
from movierec.data.counts import count_ratings_by
from movierec.twins.correlation import CommonRatings
from movierec.twins.pair_groups import GroupAgreement, PairGroups, collect_agreement
from movierec.twins.strangers import collect_strangers, compare_with_strangers

TITLES_PER_PAIR = 3


@dataclass(frozen=True)
class TwinAnalysis:
    """The measurements of the twins."""

    twins: GroupAgreement
    curve: list[GroupAgreement]
    """One entry per floor."""
    strangers: dict[str, Any]
    """The twins compared with strangers who rated the same movies."""
    titles: list[list[str]]
    """The `collect_shared_titles` of each pair."""


def collect_analysis(
    ratings: DataFrame,
    *,
    movies: DataFrame,
    groups: PairGroups,
    curve: Sequence[PairGroups],
    liked_rating: float,
    config: TwinsConfig,
) -> TwinAnalysis:
    """Return how well the pairs of `groups` and of the curve agree, and what the twins share.

    A user likes the movies that they rated at least `liked_rating`.
    """
    twins, *points = collect_agreement(ratings, [groups, *curve], min_common=config.min_common)
    common, users = twins.common, twins.twin_users()
    strangers = collect_strangers(
        ratings,
        movies=np.unique(common.movies).tolist(),
        excluded=np.unique(users).tolist(),
        min_movies=config.min_movies,
    )
    compared = compare_with_strangers(common, strangers, users=users, min_common=config.min_common)
    titles = collect_shared_titles(
        common, ratings=ratings, movies=movies, liked_rating=liked_rating
    )
    return TwinAnalysis(twins, points, compared, titles)


def collect_shared_titles(
    common: CommonRatings, *, ratings: DataFrame, movies: DataFrame, liked_rating: float
) -> list[list[str]]:
    """Return up to TITLES_PER_PAIR titles of each pair's common movies.

    Movies that both rated at least `liked_rating` come first, then movies with fewer ratings by
    all users, then smaller movie ids.
    """
    common_movies = ratings.sparkSession.createDataFrame(
        [(int(movie),) for movie in np.unique(common.movies)], f"{MOVIE_ID} int"
    )
    of_pairs = ratings.join(F.broadcast(common_movies), on=MOVIE_ID, how="left_semi")
    counts = count_ratings_by(of_pairs, key=MOVIE_ID)
    rows = counts.join(movies, on=MOVIE_ID, how="left").select(MOVIE_ID, N_RATINGS, TITLE)
    facts = {row[MOVIE_ID]: (row[N_RATINGS], row[TITLE]) for row in rows.collect()}
    popularity = np.array([facts[movie][0] for movie in common.movies.tolist()], np.int64)
    disliked = (common.ratings_a < liked_rating) | (common.ratings_b < liked_rating)
    order = np.lexsort((common.movies, popularity, disliked, common.pairs))
    titles: list[list[str]] = [[] for _ in range(common.n_pairs)]
    for pair, movie in zip(common.pairs[order], common.movies[order].tolist(), strict=True):
        if len(titles[pair]) < TITLES_PER_PAIR:
            # A rated movie that is missing from movies.csv has no title.
            titles[pair].append(facts[movie][1] or f"movie {movie}")
    return titles
