"""Checks the written splits against the ratings that they were made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import MOVIE_ID, RATED_AT, RATING, SPLIT, USER_ID
from movierec.splitting.splits import HELD_OUT, SPLITS, TEST, TRAIN, TRAINING_SPLITS, VALIDATION

_ORIGIN = "ratings"
_COLUMNS = (USER_ID, MOVIE_ID, RATING, RATED_AT)
_PAIR_FAULTS = ("in_several_splits", "repeated", "lost", "invented", "altered")
_LOW = (1 << 32) - 1


@dataclass(frozen=True)
class Audit:
    """The counts of the audit. The first six must be 0."""

    in_several_splits: int
    """(user, movie) pairs in more than one split."""
    repeated: int
    """(user, movie) pairs that occur more than once in one split."""
    lost: int
    """Eligible ratings that are in no split."""
    invented: int
    """Rows of a split that are not eligible ratings."""
    altered: int
    """Rows of a split whose rating or time differs from the original."""
    users_trained_on_the_future: int
    """Users with a training rating later than a held-out one, or a validation rating later than
    a test one; counted only for chronological splits."""
    cold_users: dict[str, int]
    """Users of a held-out split without a rating in its TRAINING_SPLITS."""
    cold_movies: dict[str, int]
    """Movies of a held-out split without a rating in its TRAINING_SPLITS."""
    users: dict[str, int]
    movies: dict[str, int]

    def faults(self) -> list[str]:
        """Return the faults, each with its count."""
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


def collect_audit(
    splits: dict[str, DataFrame], *, ratings: DataFrame, chronological: bool
) -> Audit:
    """Return the audit of the three splits against the eligible `ratings`, whose pairs are unique.

    With `chronological`, training on the future is a fault. Only counts reach the driver. Pairs
    are shuffled only if the splits together differ from the ratings.
    """
    parts = [splits[name].withColumn(SPLIT, F.lit(name)) for name in SPLITS]
    written = reduce(DataFrame.unionByName, parts)
    same = _collect_digest(written) == _collect_digest(ratings)
    pairs = dict.fromkeys(_PAIR_FAULTS, 0) if same else _collect_pair_faults(written, ratings)
    users, movies = _collect_users(written), _collect_movies(written)
    return Audit(
        **pairs,
        users_trained_on_the_future=users["future"] if chronological else 0,
        cold_users={name: users[f"cold_{name}"] for name in HELD_OUT},
        cold_movies={name: movies[f"cold_{name}"] for name in HELD_OUT},
        users={name: users[name] for name in SPLITS},
        movies={name: movies[name] for name in SPLITS},
    )


def _collect_digest(ratings: DataFrame) -> tuple[int, ...]:
    """Return the number of rows and a hash of 128 bits that does not depend on their order.

    Frames with different rows have the same digest with a probability of about 2⁻¹²⁸. For up to
    2³¹ rows.
    """
    hashes = [F.xxhash64(F.lit(seed), *map(F.col, _COLUMNS)) for seed in (1, 2)]
    # halves, whose sums stay below 2⁶³
    halves = [
        half for one in hashes for half in (one.bitwiseAND(_LOW), F.shiftrightunsigned(one, 32))
    ]
    (row,) = ratings.agg(F.count(F.lit(1)), *map(F.sum, halves)).collect()
    return tuple(row)


def _collect_pair_faults(written: DataFrame, ratings: DataFrame) -> dict[str, int]:
    labelled = written.unionByName(ratings.withColumn(SPLIT, F.lit(_ORIGIN)))
    in_split = {name: F.count(F.when(F.col(SPLIT) == name, 1)) for name in SPLITS}
    pairs = labelled.groupBy(USER_ID, MOVIE_ID).agg(
        F.count(F.when(F.col(SPLIT) == _ORIGIN, 1)).alias("originals"),
        F.greatest(*in_split.values()).alias("most"),
        sum(((count > 0).cast("int") for count in in_split.values()), F.lit(0)).alias("splits"),
        # of columns, not of a struct: Spark would sort all pairs to find the ends of structs
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
    conditions = (
        splits > 1,
        F.col("most") > 1,
        splits == 0,
        originals == 0,
        (originals > 0) & (splits > 0) & changed,
    )
    return _collect_counts(pairs, dict(zip(_PAIR_FAULTS, conditions, strict=True)))


def _collect_users(written: DataFrame) -> dict[str, int]:
    """Count the users of each split, the cold ones, and those trained on the `future`."""

    def when(name: str) -> Column:
        return F.when(F.col(SPLIT) == name, F.col(RATED_AT))

    ends = [F.min(when(name)).alias(f"{name}_start") for name in SPLITS]
    ends += [F.max(when(name)).alias(f"{name}_end") for name in SPLITS]

    def later(earlier_split: str, later_split: str) -> Column:
        # Null if the user has no such rating, which is not a fault.
        early, late = F.col(f"{earlier_split}_end"), F.col(f"{later_split}_start")
        return F.coalesce(early > late, F.lit(False))

    conditions = _presence({name: F.col(f"{name}_end").isNotNull() for name in SPLITS})
    conditions["future"] = later(TRAIN, VALIDATION) | later(TRAIN, TEST) | later(VALIDATION, TEST)
    return _collect_counts(written.groupBy(USER_ID).agg(*ends), conditions)


def _collect_movies(written: DataFrame) -> dict[str, int]:
    """Count the movies of each split, and the cold ones."""
    has = [F.max(F.col(SPLIT) == name).alias(name) for name in SPLITS]
    conditions = _presence({name: F.col(name) for name in SPLITS})
    return _collect_counts(written.groupBy(MOVIE_ID).agg(*has), conditions)


def _presence(has: dict[str, Column]) -> dict[str, Column]:
    """Return conditions for being in each split, and for being cold in a held-out one."""
    trained = {name: reduce(or_, (has[one] for one in TRAINING_SPLITS[name])) for name in HELD_OUT}
    return has | {f"cold_{name}": has[name] & ~trained[name] for name in HELD_OUT}


def _collect_counts(frame: DataFrame, conditions: dict[str, Column]) -> dict[str, int]:
    """Return the number of rows that meet each condition."""
    counts = [F.count(F.when(condition, 1)).alias(name) for name, condition in conditions.items()]
    (row,) = frame.agg(*counts).collect()
    return {name: int(row[name]) for name in conditions}
