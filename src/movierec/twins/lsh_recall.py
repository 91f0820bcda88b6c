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
    """Return the recall of LSH, the share of the true twins that are listed, and of how many users.

    `lsh_recall` is over the true twins with different sets: identical sets are found without LSH.
    `share_right` is over all true twins. Measured on all `n_users` who take part, both are exact.
    With `config.proof_users`, both searches run again on a sample of about that many users, and
    `proof_users` of the result is the size of the sample. Fewer users have fewer similar pairs, so
    the recall of a sample is that of a lower threshold. Its 95 % interval is Wilson's, which
    assumes independent pairs, though some share a user. Values are None if there is no pair to
    divide by, or if the search itself was exact.
    """
    if config.method == "exact":
        return dict.fromkeys(("lsh_recall", "lsh_recall_ci95", "share_right", "proof_users"))
    proof_users = config.proof_users or n_users
    sampled = proof_users < n_users
    if sampled:
        ratings = sample_users(ratings, fraction=proof_users / n_users, seed=config.seed)
        sets = movie_sets(ratings, min_movies=config.min_movies, keep_users=config.pairs + 1)
        sets = sets.persist(StorageLevel.MEMORY_AND_DISK)
        found, _ = find_twins(sets, config)
        n_users = collect_population(sets).users
    true = set(find_exact_twins(sets, config, known=found).pairs)
    if sampled:
        sets.unpersist()
    right = true & set(found.pairs)
    n_found, n_searched = (sum(pair.jaccard < 1.0 for pair in pairs) for pairs in (right, true))
    return {
        "lsh_recall": n_found / n_searched if n_searched else None,
        "lsh_recall_ci95": wilson_interval(n_found, n_searched) if sampled and n_searched else None,
        "share_right": len(right) / len(true) if true else None,
        "proof_users": n_users,
    }
