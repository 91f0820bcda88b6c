"""The movies that say most about a pair of twins: liked by both, and rare."""

from __future__ import annotations

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import MOVIE_ID, N_RATINGS, TITLE
from movierec.data.counts import count_ratings_by
from movierec.twins.correlation import CommonRatings

TITLES_A_PAIR = 3


def collect_shared_titles(
    common: CommonRatings, *, ratings: DataFrame, movies: DataFrame, liked: float
) -> list[list[str]]:
    """Return up to TITLES_A_PAIR titles of each pair's common movies.

    Those that both rated at least `liked` come first, then those with fewer ratings by anybody,
    then by movie id.
    """
    wanted = ratings.sparkSession.createDataFrame(
        [(int(movie),) for movie in np.unique(common.movies)], f"{MOVIE_ID} int"
    )
    of_pairs = ratings.join(F.broadcast(wanted), on=MOVIE_ID, how="left_semi")
    counts = count_ratings_by(of_pairs, key=MOVIE_ID)
    rows = counts.join(movies, on=MOVIE_ID, how="left").select(MOVIE_ID, N_RATINGS, TITLE)
    known = {row[MOVIE_ID]: (row[N_RATINGS], row[TITLE]) for row in rows.collect()}
    popularity = np.array([known[movie][0] for movie in common.movies.tolist()], np.int64)
    disliked = (common.ratings_a < liked) | (common.ratings_b < liked)
    order = np.lexsort((common.movies, popularity, disliked, common.pairs))
    titles: list[list[str]] = [[] for _ in range(common.n_pairs)]
    for pair, movie in zip(common.pairs[order], common.movies[order].tolist(), strict=True):
        if len(titles[pair]) < TITLES_A_PAIR:
            # A rated movie that movies.csv does not know has no title.
            titles[pair].append(known[movie][1] or f"movie {movie}")
    return titles
