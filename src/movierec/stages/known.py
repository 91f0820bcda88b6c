"""The ratings that models may know when they recommend for a held-out split."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame

from movierec.data.schemas import RATINGS
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.splitting.splits import TRAINING_SPLITS


def read_known(context: Context, split: str) -> DataFrame:
    """Return train for validation, train and validation for test, with the columns of RATINGS."""
    parts = [context.read(dag.PARTITION, name, RATINGS) for name in TRAINING_SPLITS[split]]
    return reduce(DataFrame.unionByName, parts)
