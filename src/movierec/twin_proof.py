"""The proof of the LSH search: its twins held against those of the exact one."""

from __future__ import annotations

from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from movierec.config_twins import TwinsConfig
from movierec.movie_sets import movie_sets
from movierec.pair_statistics import wilson_interval
from movierec.sampling import sample_users
from movierec.twin_search import find_exactly, find_twins
from movierec.twins import Top


def collect_proof(
    ratings: DataFrame, *, sets: DataFrame, found: Top, n_users: int, config: TwinsConfig
) -> dict[str, Any]:
    """Return the share of the true twins that the search found, and on how many users.

    On all `n_users` who take part that is a fact. On about `proof_users` of them both searches run
    anew, and the share comes with its 95 % interval. None where there is no pair at all, or nothing
    to prove.
    """
    if config.method == "exact":
        return {"lsh_recall": None, "lsh_recall_ci95": None, "proof_users": None}
    if config.proof_users is None or config.proof_users >= n_users:
        share, _ = recall(found, find_exactly(sets, config, known=found))
        return {"lsh_recall": share, "lsh_recall_ci95": None, "proof_users": n_users}
    sampled = sample_users(ratings, fraction=config.proof_users / n_users, seed=config.seed)
    few = movie_sets(sampled, min_movies=config.min_movies, keep_users=config.pairs + 1)
    few = few.persist(StorageLevel.MEMORY_AND_DISK)
    found, _ = find_twins(few, config)
    share, interval = recall(found, find_exactly(few, config, known=found))
    few.unpersist()
    return {
        "lsh_recall": share,
        "lsh_recall_ci95": interval,
        "proof_users": config.proof_users,
    }


def recall(found: Top, true: Top) -> tuple[float | None, list[float] | None]:
    """Return the share of the true twins that were found and its 95 % interval."""
    n_true = len(true.pairs)
    if not n_true:
        return None, None
    n_found = len(set(found.pairs) & set(true.pairs))
    return n_found / n_true, wilson_interval(n_found, n_true)
