"""The proof of the LSH search: its twins held against those of the exact one."""

from __future__ import annotations

from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from movierec.config.twins import TwinsConfig
from movierec.data.sampling import sample_users
from movierec.twins.movie_sets import collect_population, movie_sets
from movierec.twins.pair_statistics import wilson_interval
from movierec.twins.search import find_exactly, find_twins
from movierec.twins.top_pairs import Top


def collect_proof(
    ratings: DataFrame, *, sets: DataFrame, found: Top, n_users: int, config: TwinsConfig
) -> dict[str, Any]:
    """Return the share of the true twins that the search found, and on how many users.

    On all `n_users` who take part that is a fact. On a sample, of `proof_users` of them or about as
    many, both searches run anew; `proof_users` of the proof are those who were drawn. Fewer users
    have fewer alike pairs, so that the sample's share is that of a lower threshold. Its 95 %
    interval is Wilson's, which takes pairs for independent though some share a user. None where
    there is no pair at all, or nothing to prove.
    """
    if config.method == "exact":
        return {"lsh_recall": None, "lsh_recall_ci95": None, "proof_users": None}
    if config.proof_users is None or config.proof_users >= n_users:
        n_found, n_true = recall(found, find_exactly(sets, config, known=found))
        share = n_found / n_true if n_true else None
        return {"lsh_recall": share, "lsh_recall_ci95": None, "proof_users": n_users}
    sampled = sample_users(ratings, fraction=config.proof_users / n_users, seed=config.seed)
    few = movie_sets(sampled, min_movies=config.min_movies, keep_users=config.pairs + 1)
    few = few.persist(StorageLevel.MEMORY_AND_DISK)
    found, _ = find_twins(few, config)
    n_found, n_true = recall(found, find_exactly(few, config, known=found))
    proof_users = collect_population(few).users
    few.unpersist()
    return {
        "lsh_recall": n_found / n_true if n_true else None,
        "lsh_recall_ci95": wilson_interval(n_found, n_true) if n_true else None,
        "proof_users": proof_users,
    }


def recall(found: Top, true: Top) -> tuple[int, int]:
    """Return how many of the true twins were found, and how many there are."""
    return len(set(found.pairs) & set(true.pairs)), len(true.pairs)
