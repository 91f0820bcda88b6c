"""The fingerprint of a stage's result, from its inputs, its config keys and its version."""

from __future__ import annotations

import hashlib
import json
from functools import reduce
from operator import getitem
from typing import Any

from movierec.config.loader import to_dict
from movierec.config.schema import Config
from movierec.pipeline.dag import Stage


def fingerprint(stage: Stage, config: Config, *, archive_sha256: str) -> str:
    """Return the 16 hexadecimal digits that name the stage's result.

    They cover the stage's version and config keys and the fingerprints of its inputs, down to
    the archive's content. The places of the archive and of the workspace do not count.
    """
    inputs = {
        one.name: fingerprint(one, config, archive_sha256=archive_sha256) for one in stage.inputs
    } or {"archive": archive_sha256}
    return digest(stage.name, stage.version, effective_config(config, stage.keys), inputs)


def digest(name: str, version: int, config: dict[str, Any], inputs: dict[str, str]) -> str:
    """Return the fingerprint of a result with this name, version, config and inputs."""
    identity = {"name": name, "version": version, "config": config, "inputs": inputs}
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def effective_config(config: Config, keys: tuple[str, ...]) -> dict[str, Any]:
    """Return the values of the config's sections or keys, by their full path."""
    tree = to_dict(config)
    return {path: reduce(getitem, path.split("."), tree) for path in keys}
