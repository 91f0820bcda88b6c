"""Split the ratings into train, validation and test, and audit the split."""

from __future__ import annotations

from dataclasses import asdict

from pyspark import StorageLevel
from pyspark.sql import functions as F

from movierec.data import datasets
from movierec.data.columns import SPLIT
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.splitting.audit import collect_audit
from movierec.splitting.splits import (
    GLOBAL_TIME,
    PER_USER_CHRONOLOGICAL,
    SPLITS,
    keep_active_users,
    split_ratings,
)


def run(context: Context) -> None:
    """Write train, validation and test. Raises InputError if the audit finds a fault."""
    config = context.config.partition
    ratings = context.read(datasets.RATINGS)
    eligible = ratings.transform(keep_active_users, min_ratings=config.min_ratings_per_user)
    if eligible.isEmpty():
        raise InputError(
            f"partition.min_ratings_per_user: no user has {config.min_ratings_per_user} ratings "
            "or more; lower it"
        )
    with context.step("split"):
        labelled = eligible.transform(split_ratings, config=config)
        labelled = labelled.persist(StorageLevel.MEMORY_AND_DISK)
        splits = {}
        for name in SPLITS:
            split = labelled.where(F.col(SPLIT) == name).drop(SPLIT)
            splits[name] = context.write(split, datasets.SPLIT_RATINGS, split=name)
        labelled.unpersist()
    with context.step("audit"):
        chronological = config.strategy in (PER_USER_CHRONOLOGICAL, GLOBAL_TIME)
        audit = collect_audit(splits, ratings=eligible, chronological=chronological)
    if audit.faults():
        raise InputError(
            f"partition: the audit of {config.strategy} found {', '.join(audit.faults())}; "
            "see partition.* in the conf"
        )
    n_ratings = context.input(dag.INGEST).manifest.rows["ratings"]
    context.facts["audit"] = asdict(audit)
    context.facts["ratings_left_out"] = n_ratings - sum(context.attempt.rows.values())
