"""Compares two results of a stage: every row and every text, except times."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import PurePath
from typing import Any

from pyspark.sql import SparkSession

from movierec.pipeline.workspace import Result

CLOCKS = ("seconds",)
"""Columns and keys that hold durations."""
PROVENANCE = "stages"
"""The part of report.json about how and when the results of the other stages were made."""


def differences(spark: SparkSession, one: Result, other: Result) -> list[str]:
    """Return the differences between two results, one line each."""
    found = []
    if one.manifest.rows != other.manifest.rows:
        found.append(f"rows: {one.manifest.rows} and {other.manifest.rows}")
    for dataset in one.manifest.rows.keys() & other.manifest.rows.keys():
        mine, its = (
            spark.read.parquet(f"{at.path}/{dataset}").drop(*CLOCKS) for at in (one, other)
        )
        if not (mine.exceptAll(its).isEmpty() and its.exceptAll(mine).isEmpty()):
            found.append(f"{dataset}: other rows")
    texts = [texts_of(at) for at in (one, other)]
    found += [
        f"{name}: another text"
        for name in sorted(texts[0].keys() | texts[1].keys())
        if texts[0].get(name) != texts[1].get(name)
    ]
    return found


def texts_of(result: Result) -> dict[str, Any]:
    """Return the content of a result's JSON and CSV files, by name."""
    return {
        name: without_clocks(name, result.files.read_text(f"{result.path}/{name}"))
        for name in result.files.names(result.path)
        if PurePath(name).suffix in (".json", ".csv")
    }


def without_clocks(name: str, text: str) -> Any:
    """Return the content of a file without times: the text, for JSON the parsed document."""
    if not name.endswith(".json"):
        return text
    found = json.loads(text)
    found.pop(PROVENANCE, None)
    return without_keys(CLOCKS, found)


def without_keys(keys: Collection[str], value: Any) -> Any:
    """Return a value of a JSON document without these keys at any depth."""
    if isinstance(value, dict):
        return {key: without_keys(keys, one) for key, one in value.items() if key not in keys}
    if isinstance(value, list):
        return [without_keys(keys, one) for one in value]
    return value
