"""Checks a written split against the ratings it was made from, every time."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from movierec.columns import MOVIE_ID, RATED_AT, RATING, SPLIT, USER_ID
from movierec.splits import HELD_OUT, SPLITS, TEST, TRAIN, VALIDATION

_ORIGIN = "ratings"


@dataclass(frozen=True)
class Audit:
    """What the audit counted. The first six must be 0."""

    in_several_splits: int
    """(user, movie) pairs that stand in more than one split."""
    repeated: int
    """(user, movie) pairs that stand more than once in one split."""
    lost: int
    """Eligible ratings that stand in no split."""
    invented: int
    """Rows of a split that are no eligible rating."""
    altered: int
    """Rows of a split with another rating or time than the original."""
    users_trained_on_the_future: int
    """Users with a training rating later than a held-out one, or a validation rating later than
    a test one; for splits in order of time only."""
    cold_users: dict[str, int]
    """Users of a held-out split without a training rating."""
    cold_movies: dict[str, int]
    """Movies of a held-out split without a training rating."""
    users: dict[str, int]
    movies: dict[str, int]

    def faults(self) -> list[str]:
        """Return what must not be, each with its count."""
        counts = {
            "pairs in several splits": self.in_several_splits,
            "repeated pairs": self.repeated,
            "lost ratings": self.lost,
            "invented ratings": self.invented,
            "altered ratings": self.altered,
            "users trained on the future": self.users_trained_on_the_future,
        }
        faults = [f"{count} {name}" for name, count in counts.items() if count]
        return faults + [f"no rating in {split}" for split in SPLITS if not self.users[split]]


def collect_audit(splits: dict[str, DataFrame], *, ratings: DataFrame, in_order: bool) -> Audit:
    """Return the audit of the three splits against the eligible ratings.

    `in_order` says that the strategy promises no training on the future. One shuffle of the
    pairs, one of the users and one of the movies; only counts reach the driver.
    """
    labelled = ratings.withColumn(SPLIT, F.lit(_ORIGIN))
    for name in SPLITS:
        labelled = labelled.unionByName(splits[name].withColumn(SPLIT, F.lit(name)))
    pairs = _collect_pair_faults(labelled)
    users = _collect_coverage(labelled, USER_ID)
    movies = _collect_coverage(labelled, MOVIE_ID)
    return Audit(
        **pairs,
        users_trained_on_the_future=_collect_future_users(labelled) if in_order else 0,
        cold_users={name: users[f"cold_{name}"] for name in HELD_OUT},
        cold_movies={name: movies[f"cold_{name}"] for name in HELD_OUT},
        users={name: users[name] for name in SPLITS},
        movies={name: movies[name] for name in SPLITS},
    )


def _collect_pair_faults(labelled: DataFrame) -> dict[str, int]:
    in_split = {name: F.count(F.when(F.col(SPLIT) == name, 1)) for name in SPLITS}
    pairs = labelled.groupBy(USER_ID, MOVIE_ID).agg(
        F.count(F.when(F.col(SPLIT) == _ORIGIN, 1)).alias("originals"),
        F.greatest(*in_split.values()).alias("most"),
        sum(((count > 0).cast("int") for count in in_split.values()), F.lit(0)).alias("splits"),
        # of two columns, not of one struct: Spark would sort all pairs to find a struct's
        *(
            end(column).alias(f"{name}_{column}")
            for column in (RATING, RATED_AT)
            for name, end in (("least", F.min), ("most", F.max))
        ),
    )
    splits, originals = F.col("splits"), F.col("originals")
    changed = (F.col(f"least_{RATING}") != F.col(f"most_{RATING}")) | (
        F.col(f"least_{RATED_AT}") != F.col(f"most_{RATED_AT}")
    )
    faults = {
        "in_several_splits": splits > 1,
        "repeated": F.col("most") > 1,
        "lost": splits == 0,
        "invented": originals == 0,
        "altered": (originals > 0) & (splits > 0) & changed,
    }
    return _collect_counts(pairs, faults)


def _collect_future_users(labelled: DataFrame) -> int:
    def when(name: str) -> Column:
        return F.when(F.col(SPLIT) == name, F.col(RATED_AT))

    by_user = labelled.groupBy(USER_ID).agg(
        F.max(when(TRAIN)).alias("train_end"),
        F.min(when(VALIDATION)).alias("validation_start"),
        F.max(when(VALIDATION)).alias("validation_end"),
        F.min(when(TEST)).alias("test_start"),
    )
    # A null, where the user has no such rating, makes its comparison no fault.
    future = (
        F.coalesce(F.col("train_end") > F.col("validation_start"), F.lit(False))
        | F.coalesce(F.col("train_end") > F.col("test_start"), F.lit(False))
        | F.coalesce(F.col("validation_end") > F.col("test_start"), F.lit(False))
    )
    return _collect_counts(by_user, {"future": future})["future"]


def _collect_coverage(labelled: DataFrame, key: str) -> dict[str, int]:
    has = {name: F.max(F.col(SPLIT) == name).alias(name) for name in SPLITS}
    present = labelled.groupBy(key).agg(*has.values())
    conditions = {name: F.col(name) for name in SPLITS}
    conditions |= {f"cold_{name}": F.col(name) & ~F.col(TRAIN) for name in HELD_OUT}
    return _collect_counts(present, conditions)


def _collect_counts(frame: DataFrame, conditions: dict[str, Column]) -> dict[str, int]:
    """Return how many rows meet each condition."""
    counts = [F.count(F.when(condition, 1)).alias(name) for name, condition in conditions.items()]
    row = frame.agg(*counts).first()
    assert row is not None  # an aggregate without groups has one row
    return {name: int(row[name]) for name in conditions}
