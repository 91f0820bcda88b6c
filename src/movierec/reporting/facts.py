"""report.json: everything that the report shows, so that it is drawn without Spark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from movierec.pipeline.manifest import Manifest

VERSION: Final = 1
"""Of the file's layout."""


def report_facts(
    *,
    summary: Mapping[str, Any],
    manifests: Mapping[str, Manifest],
    data: Mapping[str, Any],
    bias: Mapping[str, Any],
    examples: Mapping[str, Any],
    twins: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the content of report.json.

    `summary` is that of evaluate and twins, `manifests` those of the stages by name, `twins` the
    pairs and what random pairs correlate like.
    """
    return {
        "version": VERSION,
        "summary": dict(summary),
        "data": dict(data),
        "bias": dict(bias),
        "examples": dict(examples),
        "twins": dict(twins),
        "popularity_trials": manifests["popularity"].facts["trials"],
        "trials": manifests["tune"].facts["trials"],
        "winners": manifests["tune"].facts["winners"],
        "ingest": manifests["ingest"].facts,
        "stages": {name: _provenance(one) for name, one in manifests.items()},
    }


def to_json(facts: Mapping[str, Any]) -> str:
    """Return the facts as the text of their file."""
    return json.dumps(facts, indent=1, allow_nan=False) + "\n"


def _provenance(manifest: Manifest) -> dict[str, Any]:
    return {
        "fingerprint": manifest.fingerprint,
        "seconds": manifest.seconds,
        "peak_memory": manifest.peak_memory,
        "steps": manifest.steps,
        "rows": manifest.rows,
        "versions": manifest.versions,
        "config": manifest.config,
        "warnings": manifest.warnings,
    }
