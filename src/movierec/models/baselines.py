"""Random lists and the oracle: the lower and the upper bound of every model's metrics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from movierec.data.columns import MOVIE_ID, RANK, RATING, SCORE, USER_ID
from movierec.data.hashing import random_bits
from movierec.ranking.catalogue import Catalogue
from movierec.ranking.topk import Block, Lists, ranks_within


def oracle_lists(
    heldout: DataFrame, *, movies: DataFrame, relevant_rating: float, k: int
) -> DataFrame:
    """Return the best possible lists: the relevant held-out candidates.

    `movies` holds the candidates' ids, each once. A movie without a training rating cannot be
    recommended, so the oracle's metrics may lie below 1. By falling rating, then movie id.
    """
    best_first = Window.partitionBy(USER_ID).orderBy(F.desc(SCORE), MOVIE_ID)
    return (
        heldout.where(F.col(RATING) >= relevant_rating)
        .join(movies, on=MOVIE_ID, how="left_semi")
        .select(USER_ID, MOVIE_ID, F.col(RATING).cast("double").alias(SCORE))
        .withColumn(RANK, F.row_number().over(best_first))
        .where(F.col(RANK) <= k)
    )


def random_unseen(block: Block, catalogue: Catalogue, *, k: int, seed: int) -> Lists:
    """Return up to k unseen movies for each user, in a random order. Scores are 1 / rank.

    A user's list depends only on the seed, the user's id and the catalogue.
    """
    by_user = np.argsort(block.rows, kind="stable")
    seen = block.positions[by_user]
    bounds = np.searchsorted(block.rows[by_user], np.arange(len(block.user_ids) + 1))
    chosen = [
        _draw_unseen(int(user), seen[bounds[n] : bounds[n + 1]], len(catalogue.movie_ids), k, seed)
        for n, user in enumerate(block.user_ids)
    ]
    lengths = np.array([len(positions) for positions in chosen], np.int64)
    rows = np.repeat(np.arange(len(chosen)), lengths)
    ranks = ranks_within(rows, n_rows=len(block.user_ids))
    positions = np.concatenate(chosen or [np.empty(0, np.int64)])
    return Lists(rows, catalogue.movie_ids[positions], 1.0 / ranks, ranks.astype(np.int32))


def random_candidates(block: Block, catalogue: Catalogue, *, k: int, seed: int) -> Lists:
    """Return up to k of each user's own candidates, in a random order. Scores are 1 / rank."""
    keys = block.user_ids[block.rows].astype(np.uint64) << np.uint64(32)
    keys |= catalogue.movie_ids[block.positions].astype(np.uint64)
    order = np.lexsort((random_bits(seed, keys, 1)[:, 0], block.rows))
    rows = block.rows[order]
    ranks = ranks_within(rows, n_rows=len(block.user_ids))
    kept = ranks <= k
    movie_ids = catalogue.movie_ids[block.positions[order[kept]]]
    return Lists(rows[kept], movie_ids, 1.0 / ranks[kept], ranks[kept].astype(np.int32))


def _draw_unseen(
    user_id: int, seen: npt.NDArray[np.int64], n: int, k: int, seed: int
) -> npt.NDArray[np.int64]:
    """Return up to k of the positions below n, drawn without replacement from the unseen."""
    wanted = min(k, n - len(seen))
    count = 2 * (wanted + len(seen))
    while wanted > 0:
        bits = random_bits(seed, [user_id], count)[0]
        drawn: npt.NDArray[np.int64] = (bits % np.uint64(n)).astype(np.int64)
        distinct, first = np.unique(drawn, return_index=True)
        unseen = first[~np.isin(distinct, seen, assume_unique=True)]
        if len(unseen) >= wanted:
            return drawn[np.sort(unseen)[:wanted]]
        count *= 2
    return np.empty(0, np.int64)
