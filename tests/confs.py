"""Configs for tests: conf/small.yaml on a temporary workspace and archive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from movierec.config import Config
from movierec.config_loader import load_config

SMALL = Path(__file__).resolve().parents[1] / "conf" / "small.yaml"


def tiny_conf(workspace: Path | str, archive: Path | str, **overrides: Any) -> Config:
    """Return conf/small.yaml with this workspace and archive, unchecked, and with overrides.

    Each is named by its key with two underscores for a dot: `source__layout="ml-1m"`.
    """
    values = {
        "workspace": str(workspace),
        "source.archive": str(archive),
        "source.sha256": None,
        "source.expected_ratings": None,
    }
    values |= {name.replace("__", "."): value for name, value in overrides.items()}
    return load_config(
        SMALL.read_text(encoding="utf-8"),
        origin=SMALL.name,
        overrides=[f"{key}={json.dumps(value)}" for key, value in values.items()],
    )
