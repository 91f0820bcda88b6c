"""The recall of the LSH search, measured against the exact search."""

from __future__ import annotations

from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from movierec.config.twins import TwinsConfig
from movierec.data.sampling import sample_users
from movierec.twins.movie_sets import collect_population, movie_sets
from movierec.twins.pair_statistics import wilson_interval
from movierec.twins.search import find_exact_twins, find_twins
from movierec.twins.top_pairs import TopPairs


def collect_lsh_recall(
    ratings: DataFrame, *, sets: DataFrame, found: TopPairs, n_users: int, config: TwinsConfig
) -> dict[str, Any]:
    """Return the share of the true twins that the search found, and on how many users.

    Measured on all `n_users` who take part, the share is exact. With `config.proof_users`, both
    searches run again on a sample of about that many users, and `proof_users` of the result is
    the size of the sample. Fewer users have fewer similar pairs, so the share of a sample is that
    of a lower threshold. Its 95 % interval is Wilson's, which assumes independent pairs, though
    some share a user. Values are None if there is no pair, or if the search itself was exact.
    """
    if config.method == "exact":
        return {"lsh_recall": None, "lsh_recall_ci95": None, "proof_users": None}
    proof_users = config.proof_users or n_users
    sampled = proof_users < n_users
    if sampled:
        ratings = sample_users(ratings, fraction=proof_users / n_users, seed=config.seed)
        sets = movie_sets(ratings, min_movies=config.min_movies, keep_users=config.pairs + 1)
        sets = sets.persist(StorageLevel.MEMORY_AND_DISK)
        found, _ = find_twins(sets, config)
        n_users = collect_population(sets).users
    n_found, n_true = count_found(found, find_exact_twins(sets, config, known=found))
    if sampled:
        sets.unpersist()
    return {
        "lsh_recall": n_found / n_true if n_true else None,
        "lsh_recall_ci95": wilson_interval(n_found, n_true) if sampled and n_true else None,
        "proof_users": n_users,
    }


def count_found(found: TopPairs, true: TopPairs) -> tuple[int, int]:
    """Return how many of the true twins were found, and how many there are."""
    return len(set(found.pairs) & set(true.pairs)), len(true.pairs)
