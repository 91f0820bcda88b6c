"""What people look at of a run: `summary.json`, merged, and the files of single stages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from movierec.pipeline.dag import EXPORTED_FILES, SUMMARY


@dataclass(frozen=True)
class DoneStage:
    """A stage that has a result, wherever it lies."""

    name: str
    seconds: float
    read_text: Callable[[str], str | None]
    """Returns the text of a file of the result by its name, None if there is none."""


def merge_summaries(stages: Iterable[DoneStage]) -> dict[str, Any]:
    """Return what the stages left in their summaries, and the seconds that each took."""
    summary: dict[str, Any] = {}
    timings = {}
    for stage in stages:
        text = stage.read_text(SUMMARY)
        summary |= json.loads(text) if text else {}
        timings[stage.name] = stage.seconds
    return summary | {"timings": timings}


def write_exports(stages: Iterable[DoneStage], out: Path) -> dict[str, Any]:
    """Write what people look at into a local directory; return the merged summary.

    Files from before whose stage has no result are deleted.
    """
    done = {stage.name: stage for stage in stages}
    summary = merge_summaries(done.values())
    texts = {
        name: done[stage.name].read_text(name)
        for stage, name in EXPORTED_FILES
        if stage.name in done
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / SUMMARY).write_text(to_json(summary), encoding="utf-8")
    for _, name in EXPORTED_FILES:
        (out / name).unlink(missing_ok=True)
        text = texts.get(name)
        if text is not None:
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    return summary


def to_json(summary: dict[str, Any]) -> str:
    """Return the summary as the text of its file."""
    return json.dumps(summary, indent=2, allow_nan=False) + "\n"
