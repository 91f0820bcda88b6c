"""Two results of one stage held against each other: every row and every text, but for clocks."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import PurePath
from typing import Any

from pyspark.sql import SparkSession

from movierec.pipeline.workspace import Result

CLOCKS = ("seconds",)
"""Columns and keys that say how long something took."""
PROVENANCE = "stages"
"""The part of report.json that says who made the other stages' results, and when."""


def differences(spark: SparkSession, one: Result, other: Result) -> list[str]:
    """Return what differs between two results, a line each."""
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
    """Return what a result's files for people say, by their names."""
    return {
        name: told(name, result.files.read_text(f"{result.path}/{name}"))
        for name in result.files.names(result.path)
        if PurePath(name).suffix in (".json", ".csv")
    }


def told(name: str, text: str) -> Any:
    """Return what a file says, but for what clocks say."""
    if not name.endswith(".json"):
        return text
    found = json.loads(text)
    found.pop(PROVENANCE, None)
    return without(CLOCKS, found)


def without(keys: Collection[str], value: Any) -> Any:
    """Return the value of a JSON document without these keys, at any depth."""
    if isinstance(value, dict):
        return {key: without(keys, one) for key, one in value.items() if key not in keys}
    if isinstance(value, list):
        return [without(keys, one) for one in value]
    return value
