"""The stages, what each depends on, and the fingerprint that follows from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from movierec.config.loader import to_dict
from movierec.config.schema import Config


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One job: its result is a function of its inputs, its config keys and its version."""

    name: str
    """Also that of its make target."""
    version: int
    """Raised with every change of code that changes the result."""
    job: str
    keys: tuple[str, ...]
    """The sections or keys of the config that shape the result."""
    inputs: tuple[Stage, ...] = ()
    """The stages whose results are read; a stage without any reads the archive."""


INGEST = Stage(
    name="ingest",
    version=1,
    job="ingest",
    keys=("source.layout", "source.max_rejected_fraction", "source.expected_ratings"),
)
PARTITION = Stage(
    name="partition",
    version=2,
    job="partition",
    keys=("partition",),
    inputs=(INGEST,),
)
POPULARITY = Stage(
    name="popularity",
    version=2,
    job="fit_popularity",
    keys=("popularity", "evaluation.k", "evaluation.relevant_rating", "tuning.metric"),
    inputs=(PARTITION,),
)
TRIAL_KEYS = ("als", "evaluation.k", "evaluation.relevant_rating", "tuning.pivot")
TUNE = Stage(
    name="tune",
    version=2,
    job="tune_als",
    keys=(*TRIAL_KEYS, "tuning"),
    inputs=(PARTITION,),
)
RECOMMEND = Stage(
    name="recommend",
    version=4,
    job="recommend",
    keys=(*TRIAL_KEYS, "evaluation.candidates", "evaluation.seed"),
    inputs=(PARTITION, POPULARITY, TUNE),
)
EVALUATE = Stage(
    name="evaluate",
    version=3,
    job="evaluate",
    keys=("evaluation",),
    inputs=(INGEST, PARTITION, POPULARITY, TUNE, RECOMMEND),
)
TWINS = Stage(
    name="twins",
    version=4,
    job="find_twins",
    keys=("twins", "evaluation.relevant_rating"),
    inputs=(INGEST,),
)
REPORT = Stage(
    name="report",
    version=1,
    job="describe_run",
    keys=("evaluation.relevant_rating", "evaluation.strata"),
    inputs=(INGEST, PARTITION, POPULARITY, TUNE, RECOMMEND, EVALUATE, TWINS),
)
PIPELINE = (*REPORT.inputs, REPORT)

SUMMARY: Final = "summary.json"
"""What several stages leave of their findings; for people theirs are merged into one."""
TWINS_CSV: Final = "twins.csv"
REPORT_FACTS: Final = "report.json"
FOR_PEOPLE: Final = ((TWINS, TWINS_CSV), (REPORT, REPORT_FACTS))
"""Besides the summary, what people look at, and the stage that leaves it."""


def fingerprint(stage: Stage, config: Config, *, archive_sha256: str) -> str:
    """Return the 16 hexadecimal digits that name the stage's result.

    They cover the stage's version and config keys and the fingerprints of its inputs, down to
    the archive's content. Where the archive and the workspace lie plays no part.
    """
    if stage.inputs:
        inputs = input_fingerprints(stage, config, archive_sha256=archive_sha256)
    else:
        inputs = {"archive": archive_sha256}
    return digest(stage.name, stage.version, effective_config(config, stage.keys), inputs)


def input_fingerprints(stage: Stage, config: Config, *, archive_sha256: str) -> dict[str, str]:
    """Return the fingerprint of each stage that this one reads, by name."""
    return {
        one.name: fingerprint(one, config, archive_sha256=archive_sha256) for one in stage.inputs
    }


def digest(name: str, version: int, config: dict[str, Any], inputs: dict[str, str]) -> str:
    """Return the fingerprint of a result with this name, version, config and inputs."""
    identity = {"name": name, "version": version, "config": config, "inputs": inputs}
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def effective_config(config: Config, keys: tuple[str, ...]) -> dict[str, Any]:
    """Return the values of the config's sections or keys, by their full path."""
    tree = to_dict(config)
    return {path: _at(tree, path) for path in keys}


def _at(tree: dict[str, Any], path: str) -> Any:
    value: Any = tree
    for key in path.split("."):
        value = value[key]
    return value
