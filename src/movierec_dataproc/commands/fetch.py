"""What a run found, fetched from the bucket into a directory like that of a local run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from movierec.config.schema import Config
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.fingerprint import fingerprint
from movierec.pipeline.manifest import MANIFEST

Read = Callable[[str], bytes | None]


def fingerprints(config: Config, *, archive_sha256: str) -> dict[str, str]:
    """Return the fingerprint of every stage's result, by the stage's name."""
    return {
        stage.name: fingerprint(stage, config, archive_sha256=archive_sha256)
        for stage in dag.PIPELINE
    }


def fetch(read: Read, *, root: str, found: Mapping[str, str], out: Path) -> dict[str, Any]:
    """Copy what people look at of the stages that are done into `out`; return the merged summary.

    `read` gives an object's bytes by its name, `root` is where the results' names begin, `found`
    has the stages' fingerprints. A stage without a manifest is not done, and what `out`
    holds of it goes. Raises InputError where no stage is done.
    """
    summary: dict[str, Any] = {}
    timings: dict[str, float] = {}
    copies: dict[str, bytes] = {}
    for stage in dag.PIPELINE:
        folder = f"{root}/{stage.name}/{found[stage.name]}"
        manifest = _json(read(f"{folder}/{MANIFEST}"))
        # one from before there were attempts counts as none, as it does in a workspace
        if manifest is None or "attempt" not in manifest:
            continue
        folder += f"/{manifest['attempt']}"
        timings[stage.name] = manifest["seconds"]
        summary |= _json(read(f"{folder}/{dag.SUMMARY}")) or {}
        for name in (name for owner, name in dag.FOR_PEOPLE if owner == stage):
            content = read(f"{folder}/{name}")
            if content is not None:
                copies[name] = content
    if not timings:
        raise InputError(
            f"{root}: no stage of this conf is done there: run `make pipeline` or `make workflow` "
            "with the same conf first, and `make submit JOB=export_results` after single jobs"
        )
    summary["timings"] = timings
    copies[dag.SUMMARY] = (json.dumps(summary, indent=2, allow_nan=False) + "\n").encode()
    out.mkdir(parents=True, exist_ok=True)
    for name in (dag.SUMMARY, *(name for _, name in dag.FOR_PEOPLE)):
        (out / name).unlink(missing_ok=True)
        if name in copies:
            (out / name).write_bytes(copies[name])
    return summary


def _json(content: bytes | None) -> dict[str, Any] | None:
    """Return the object that a JSON file holds; half a file, being written, holds none."""
    try:
        parsed = json.loads(content) if content is not None else None
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
