"""report.json: all data of the report, so that it can be drawn without Spark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from movierec.pipeline.manifest import Manifest
from movierec.pipeline.workspace import attempt_time

VERSION: Final = 5
"""Version of the layout of report.json."""
_PROVENANCE: Final = (
    *("fingerprint", "seconds", "peak_memory", "steps", "rows", "versions", "config", "warnings"),
)


def report_facts(
    *,
    summary: Mapping[str, Any],
    manifests: Mapping[str, Manifest],
    data: Mapping[str, Any],
    bias: Mapping[str, Any],
    examples: Mapping[str, Any],
    delivered: Mapping[str, Any],
    segments: Mapping[str, Any],
    twins: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the content of report.json.

    `summary` holds the summaries of the stages in one, `manifests` their manifests by name,
    `delivered` how many users got which list and how many movies are in one, `segments` profiles,
    traits and a map, `twins` the pairs and the correlations of random pairs.
    """
    return {
        "version": VERSION,
        "summary": dict(summary),
        "data": dict(data),
        "bias": dict(bias),
        "examples": dict(examples),
        "delivered": dict(delivered),
        "segments": dict(segments),
        "twins": dict(twins),
        "popularity_trials": manifests["popularity"].facts["trials"],
        "trials": manifests["tune"].facts["trials"],
        "winners": manifests["tune"].facts["winners"],
        "ingest": manifests["ingest"].facts,
        "stages": {name: _provenance(one) for name, one in manifests.items()},
    }


def to_json(facts: Mapping[str, Any]) -> str:
    """Return the text of report.json."""
    return json.dumps(facts, indent=1, allow_nan=False) + "\n"


def _provenance(manifest: Manifest) -> dict[str, Any]:
    begun = attempt_time(manifest.attempt)
    return {
        "begun": begun and f"{begun:%Y-%m-%dT%H:%M:%SZ}",
        **{name: getattr(manifest, name) for name in _PROVENANCE},
    }
