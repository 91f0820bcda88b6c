"""Intervals and p-values by resampling users, at any number of users and partitions.

A Poisson bootstrap: in every resample, the weight of each user is a Poisson(1) draw, which needs
no table of users on the driver. The draws depend only on the seed and the user. They are the same
for every column, so differences between columns are paired.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from movierec.data.arrays import Floats
from movierec.data.columns import USER_ID
from movierec.data.hashing import random_bits
from movierec.data.rounding import DIGITS, rounded

# Draws per block of users; bounds its memory to some hundred megabytes.
_DRAWS_PER_BLOCK = 1 << 21
# Of the sums of all partitions together; Spark's limit is spark.driver.maxResultSize, 1 GiB.
_COLLECTED_BYTES = 1 << 28
# Values are rounded to multiples of 2^-30: then sums of up to 2^20 of them, times small counts,
# are exact in doubles, and so the same in any order.
_UNITS = 2.0**30
_TABLE_BITS = 16


@dataclass(frozen=True)
class Bootstrap:
    """The means of some columns, over the users and in each of B resamples of them.

    Resamples without a user are left out.
    """

    columns: tuple[str, ...]
    means: Floats
    """[columns]: over the users, not resampled."""
    resampled: Floats
    """[B, columns]"""
    users: int

    def interval(self, column: str) -> list[float]:
        """Return the 95 % percentile interval of a column's mean, rounded."""
        return _interval(self.resampled[:, self.columns.index(column)])

    def difference(self, column: str, other: str) -> dict[str, Any]:
        """Return the mean of `column` minus that of `other`, paired by user, rounded.

        With its 95 % percentile interval, and a two-sided p-value of at least 2 / (B + 1).
        """
        one, two = self.columns.index(column), self.columns.index(other)
        resampled = self.resampled[:, one] - self.resampled[:, two]
        # twice the share of the smaller tail, which is never 0
        tail = min((resampled <= 0).sum(), (resampled >= 0).sum())
        return {
            "difference": round(float(self.means[one] - self.means[two]), DIGITS),
            "ci95": _interval(resampled),
            "p_value": round(float(min(1.0, 2 * (tail + 1) / (len(resampled) + 1))), DIGITS),
        }

    def ratio(self, column: str, other: str) -> dict[str, Any]:
        """Return the mean of `column` divided by that of `other`, with its paired interval.

        Rounded; None where the mean of `other` is 0. Resamples in which it is 0 are left out.
        """
        one, two = self.columns.index(column), self.columns.index(other)
        if not self.means[two]:
            return {"ratio": None, "ci95": None}
        defined = self.resampled[self.resampled[:, two] > 0]
        return {
            "ratio": round(float(self.means[one] / self.means[two]), DIGITS),
            "ci95": _interval(defined[:, one] / defined[:, two]),
        }


def collect_bootstrap(values: DataFrame, *, resamples: int, seed: int) -> Bootstrap:
    """Return the bootstrap of a frame of `user_id` and columns of doubles between 0 and 1.

    Raises ValueError for a frame without rows.
    """
    columns = tuple(name for name in values.columns if name != USER_ID)
    n_users = users_per_block(resamples)

    def sums(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        total = np.zeros((resamples + 1, len(columns) + 1))
        for batch in batches:
            for start in range(0, batch.num_rows, n_users):
                total += _block_sums(batch.slice(start, n_users), resamples, seed)
        yield pa.RecordBatch.from_arrays([pa.array([total.tobytes()], pa.binary())], ["sums"])

    most = most_partitions(resamples, n_columns=len(columns))
    users = values.select(USER_ID, *columns).coalesce(most)
    parts = users.mapInArrow(sums, "sums binary").collect()
    total = np.zeros((resamples + 1, len(columns) + 1))
    for part in parts:
        total += np.frombuffer(part["sums"]).reshape(total.shape)
    if total[0, 0] == 0:
        raise ValueError("there is no user to resample")
    # of few users, some resamples are empty: they have no mean
    total = total[total[:, 0] > 0]
    means = total[:, 1:] / total[:, :1] / _UNITS
    return Bootstrap(columns, means[0], means[1:], int(total[0, 0]))


def users_per_block(resamples: int) -> int:
    """Return the number of users in a block: more resamples leave room for fewer users."""
    return max(1, _DRAWS_PER_BLOCK // (resamples + 1))


def most_partitions(resamples: int, *, n_columns: int) -> int:
    """Return the most partitions whose sums the driver collects: each sends doubles for all."""
    return max(1, _COLLECTED_BYTES // (8 * (resamples + 1) * (n_columns + 1)))


def _block_sums(batch: pa.RecordBatch, resamples: int, seed: int) -> Floats:
    """Return weights and weighted sums [1 + B, 1 + columns] of a block; row 0 has weights of 1."""
    users = batch.column(0).to_numpy(zero_copy_only=False)
    values = np.ones((len(users), batch.num_columns))
    for index in range(1, batch.num_columns):
        column = batch.column(index).to_numpy(zero_copy_only=False)
        values[:, index] = np.rint(column * _UNITS)
    weights = np.ones((len(users), resamples + 1))
    top_bits = random_bits(seed, users, resamples) >> np.uint64(64 - _TABLE_BITS)
    weights[:, 1:] = _POISSON[top_bits.astype(np.int64)]
    return weights.T @ values


def _poisson_table() -> Floats:
    """Return the Poisson(1) quantiles of 2^16 equally likely draws."""
    below = np.cumsum([math.exp(-1.0) / math.factorial(count) for count in range(12)])
    middles = (np.arange(1 << _TABLE_BITS) + 0.5) / (1 << _TABLE_BITS)
    return np.searchsorted(below, middles).astype(np.float64)


_POISSON = _poisson_table()


def _interval(resampled: Floats) -> list[float]:
    return rounded(np.quantile(resampled, (0.025, 0.975)))
