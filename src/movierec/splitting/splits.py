"""Splits ratings into train, validation and test; the result is the same at any partitioning."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from movierec.config.schema import PartitionConfig
from movierec.data.columns import MOVIE_ID, N_RATINGS, RATED_AT, SPLIT, USER_ID

TRAIN: Final = "train"
VALIDATION: Final = "validation"
TEST: Final = "test"
SPLITS: Final = (TRAIN, VALIDATION, TEST)
HELD_OUT: Final = (VALIDATION, TEST)
TRAINING_SPLITS: Final = {VALIDATION: (TRAIN,), TEST: (TRAIN, VALIDATION)}
"""The splits that a model is fitted to before its evaluation on a held-out one; their movies are
the seen ones. A user or movie of the held-out split that is in none of them is cold."""

PER_USER_CHRONOLOGICAL: Final = "per_user_chronological"
PER_USER_RANDOM: Final = "per_user_random"
GLOBAL_TIME: Final = "global_time"

_POSITION = "position"
_TIME = "time"
_DAY = 86_400


def keep_cold(held_out: DataFrame, *, train: DataFrame, key: str) -> DataFrame:
    """Keep the rows whose user or movie, by `key`, is cold: without a rating in `train`.

    >>> train = spark.createDataFrame([(1, 10)], "user_id int, movie_id int")
    >>> held_out = spark.createDataFrame([(1, 11), (2, 10)], "user_id int, movie_id int")
    >>> held_out.transform(keep_cold, train=train, key="user_id").show()
    +-------+--------+
    |user_id|movie_id|
    +-------+--------+
    |      2|      10|
    +-------+--------+
    """
    return held_out.join(train, on=key, how="left_anti")


def keep_active_users(ratings: DataFrame, *, min_ratings: int) -> DataFrame:
    """Keep the ratings of users who have at least `min_ratings`; all ratings if that is 1."""
    if min_ratings <= 1:
        return ratings
    n_ratings = F.count(F.lit(1)).over(Window.partitionBy(USER_ID))
    return (
        ratings.withColumn(N_RATINGS, n_ratings)
        .where(F.col(N_RATINGS) >= min_ratings)
        .drop(N_RATINGS)
    )


def split_per_user(
    ratings: DataFrame, *, order: Column, train: float, validation: float
) -> DataFrame:
    """Add `split`: in `order`, the first ratings of each user are train, the last are test.

    A user with n ratings has round(n · train) in train, halves rounded up and at least one, and
    round(n · (train + validation)) before test. Ties in `order` are broken by movie id.

    >>> ratings = spark.createDataFrame([(1, m, m * 10) for m in range(1, 6)],
    ...     "user_id int, movie_id int, day int")
    >>> ratings.transform(split_per_user, order=F.col("day"), train=0.6, validation=0.2).show()
    +-------+--------+---+----------+
    |user_id|movie_id|day|     split|
    +-------+--------+---+----------+
    |      1|       1| 10|     train|
    |      1|       2| 20|     train|
    |      1|       3| 30|     train|
    |      1|       4| 40|validation|
    |      1|       5| 50|      test|
    +-------+--------+---+----------+
    """
    by_user = Window.partitionBy(USER_ID)
    train_end = F.greatest(F.lit(1), _rounded_share(F.col(N_RATINGS), exact_fraction(train)))
    test_start = _rounded_share(
        F.col(N_RATINGS), exact_fraction(train) + exact_fraction(validation)
    )
    return (
        ratings.withColumn(_POSITION, F.row_number().over(by_user.orderBy(order, MOVIE_ID)))
        .withColumn(N_RATINGS, F.count(F.lit(1)).over(by_user))
        .withColumn(
            SPLIT,
            F.when(F.col(_POSITION) <= train_end, TRAIN)
            .when(F.col(_POSITION) <= test_start, VALIDATION)
            .otherwise(TEST),
        )
        .drop(_POSITION, N_RATINGS)
    )


def chronological() -> Column:
    """Return the order of `per_user_chronological`."""
    return F.col(RATED_AT)


def random_order(*, seed: int) -> Column:
    """Return the order of `per_user_random`: a hash of seed, user and movie only.

    Spark's own randomSplit draws by partition: different partitions give a different split.
    """
    return F.xxhash64(F.lit(seed), F.col(USER_ID), F.col(MOVIE_ID))


def split_by_time(ratings: DataFrame, *, train_until: int, validation_until: int) -> DataFrame:
    """Add `split`: train up to one time, validation up to another, test after it.

    Both times are seconds since 1970, inclusive. Ratings of one second are never in two splits.
    """
    second = F.unix_timestamp(RATED_AT)
    return ratings.withColumn(
        SPLIT,
        F.when(second <= train_until, TRAIN)
        .when(second <= validation_until, VALIDATION)
        .otherwise(TEST),
    )


def collect_time_cutoffs(ratings: DataFrame, *, shares: Sequence[Fraction]) -> list[int]:
    """Return the second (since 1970) by which each share of all ratings, rounded, has been given.

    The result is exact. It takes two counts, which are collected: of all days, and of the seconds
    of the days with a cutoff. A share that rounds to 0 ratings gives the first second. `ratings`
    must not be empty.
    """
    second = F.unix_timestamp(RATED_AT)
    day = F.floor(second / _DAY)
    per_day = ratings.groupBy(day.alias(_TIME)).count().orderBy(_TIME).collect()
    total = sum(row["count"] for row in per_day)
    targets = [_round_half_up(total * share) for share in shares]
    cuts = [_find_cutoff(per_day, target, 0) for target in targets]
    per_second = (
        ratings.where(day.isin([cut_day for cut_day, _ in cuts]))
        .groupBy(second.alias(_TIME))
        .count()
        .orderBy(_TIME)
        .collect()
    )
    cutoffs = []
    for target, (cut_day, before) in zip(targets, cuts, strict=True):
        of_day = [row for row in per_second if row[_TIME] // _DAY == cut_day]
        cutoffs.append(_find_cutoff(of_day, target, before)[0])
    return cutoffs


def split_ratings(ratings: DataFrame, *, config: PartitionConfig) -> DataFrame:
    """Add `split` by the configured strategy. `global_time` runs two counts for its cutoffs.

    Empty splits are no error here: the audit reports them.
    """
    if config.strategy == GLOBAL_TIME:
        train = exact_fraction(config.train)
        train_until, validation_until = collect_time_cutoffs(
            ratings, shares=(train, train + exact_fraction(config.validation))
        )
        return split_by_time(ratings, train_until=train_until, validation_until=validation_until)
    orders = {
        PER_USER_CHRONOLOGICAL: chronological(),
        PER_USER_RANDOM: random_order(seed=config.seed),
    }
    return split_per_user(
        ratings, order=orders[config.strategy], train=config.train, validation=config.validation
    )


def exact_fraction(share: float) -> Fraction:
    """Return a share as the fraction given by its decimal digits.

    >>> exact_fraction(0.6) + exact_fraction(0.2)
    Fraction(4, 5)
    """
    return Fraction(repr(share))


def _rounded_share(n: Column, share: Fraction) -> Column:
    """Return round(n · share), halves rounded up, without an error from binary fractions."""
    double = 2 * share.denominator
    return F.floor((n * (2 * share.numerator) + share.denominator) / double).cast("int")


def _round_half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def _find_cutoff(rows: Sequence[Row], target: int, before: int) -> tuple[int, int]:
    """Return the time at which the running count reaches `target`, and the count before it.

    There is such a time: `target` is a share of the sum of all rows.
    """
    counts = list(itertools.accumulate((row["count"] for row in rows), initial=before))
    index = next(n for n, count in enumerate(counts[1:]) if count >= target)
    return rows[index][_TIME], counts[index]
