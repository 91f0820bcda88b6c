"""The files of a run that people look at: the merged `summary.json`, and those of stages."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from movierec.pipeline.dag import PIPELINE, SUMMARY

# these keys change no result: only the archive's content counts
_NO_RESULT: Final = {
    "workspace",
    "source.url",
    "source.generate",
    "source.sha256",
    "source.expected_ratings",
}
_UNSAFE: Final = re.compile(r"[^\w=.,+-]+")
_LONGEST: Final = 100


@dataclass(frozen=True)
class DoneStage:
    """A stage that has a result, in a workspace or elsewhere."""

    name: str
    seconds: float
    read_text: Callable[[str], str | None]
    """Returns the text of a file of the result, None if it does not exist."""


def merge_summaries(stages: Iterable[DoneStage]) -> dict[str, Any]:
    """Merge the stages' summaries, and add the seconds that each took as `timings`.

    Several stages may add keys to one section.
    """
    summary: dict[str, Any] = {}
    timings = {}
    for stage in stages:
        text = stage.read_text(SUMMARY)
        for section, content in (json.loads(text) if text else {}).items():
            summary[section] = summary.get(section, {}) | content
        timings[stage.name] = stage.seconds
    return summary | {"timings": timings}


def write_exports(stages: Iterable[DoneStage], out: Path) -> dict[str, Any]:
    """Write the exported files into a local directory; return the merged summary.

    A file that is there is deleted if its stage has no result.
    """
    done = {stage.name: stage for stage in stages}
    summary = merge_summaries(done.values())
    texts: dict[str, str | None] = {}
    for stage in PIPELINE:
        for name in stage.exports:
            texts[name] = done[stage.name].read_text(name) if stage.name in done else None
    texts[SUMMARY] = to_json(summary)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (out / name).unlink(missing_ok=True)
        if text is not None:
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    return summary


def to_json(summary: dict[str, Any]) -> str:
    """Return the summary as the text of its file."""
    return json.dumps(summary, indent=2, allow_nan=False) + "\n"


def out_name(conf: str, overrides: Sequence[str], *, own_archive: str = "") -> str:
    """Return the name of the directory for the exported files of a run.

    The conf's name, and the overrides that change the result, so that no run overwrites another.
    An archive with the file name of `own_archive`, the conf's, counts as the same.

    >>> out_name("conf/small.yaml", [])
    'small'
    >>> out_name("conf/small.yaml", ["evaluation.k=10", "als.seed=2", "workspace=/tmp/w"])
    'small+evaluation.k=10+als.seed=2'
    >>> out_name("sample", ['source.archive="/data/ml-100k.zip"', "source.sha256=null"])
    'sample+ml-100k'
    """
    parts = []
    for assignment in overrides:
        key, _, value = assignment.partition("=")
        if key == "source.archive":
            stem = PurePosixPath(value.strip("'\"")).stem
            parts += [stem] if stem != PurePosixPath(own_archive).stem else []
        elif key not in _NO_RESULT:
            parts.append(assignment)
    given = "".join(f"+{part}" for part in parts)
    suffix = _UNSAFE.sub("_", given)[:_LONGEST]
    if suffix != given:
        suffix += f"+{hashlib.sha256(given.encode()).hexdigest()[:8]}"
    return PurePosixPath(conf).stem + suffix
