"""Configs for tests: conf/small.yaml on a temporary workspace and archive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from movierec.config.loader import load_config
from movierec.config.schema import Config
from tests.support.paths import ROOT

SMALL = ROOT / "conf" / "small.yaml"
# A short pipeline, for tests that do not depend on its length.
SHORT: dict[str, Any] = {
    "tuning.strategy": "grid",
    "tuning.implicit": {"rank": [8], "reg_param": [0.1], "alpha": [2, 4], "feedback": ["signed"]},
    "tuning.explicit": {"rank": [8], "reg_param": [0.1]},
    "tuning.ease": {"feedback": ["soft"], "reg_param": [50], "movies": [300]},
    "als.max_iter": 5,
    "evaluation.bootstrap": 100,
    "popularity.dampings": [20],
    "popularity.half_lives": [365],
    "segments.sizes": [2, 3],
    "segments.starts": 2,
    "segments.bootstraps": 10,
    "segments.refits": 1,
    "segments.shuffles": 10,
    "twins.curve.floors": [20, 100],
}


def tiny_conf(workspace: Path | str, archive: Path | str, **overrides: Any) -> Config:
    """Return conf/small.yaml with overrides; the archive's checksum and size are not checked.

    An override is named by its key with two underscores for a dot: `source__layout="ml-1m"`.
    """
    values = {
        "workspace": str(workspace),
        "source.archive": str(archive),
        "source.sha256": None,
        "source.expected_ratings": None,
    }
    values |= {name.replace("__", "."): value for name, value in overrides.items()}
    return load_conf(SMALL, values)


def set_words(values: Mapping[str, Any]) -> list[str]:
    """Return the arguments of a job that give keys of its conf these values."""
    return [f"--set={key}={json.dumps(value)}" for key, value in values.items()]


def load_conf(path: Path, values: Mapping[str, Any]) -> Config:
    """Return a conf with these values of its keys."""
    overrides = [f"{key}={json.dumps(value)}" for key, value in values.items()]
    return load_config(path.read_text(encoding="utf-8"), origin=path.name, overrides=overrides)
