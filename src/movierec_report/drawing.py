"""The report as a file beside the facts that it is drawn from."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from movierec.pipeline.dag import REPORT_FACTS
from movierec_report.checkout import read_commit

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = "report.html"
STABILITY: Final = "stability.json"
STABILITY_VERSION: Final = 1
"""Of stability.json, as the page shows it."""
_NOT_FOR_MAKE: Final = frozenset(" \t\n$#'\"\\")


def draw(out: Path, *, commands: Sequence[str]) -> Path | None:
    """Draw the report of a directory; return its path, None where no report.json is there.

    `commands` make the results again. A report from before goes in any case: it is of other facts.
    A stability.json of another version is left out.
    Raises InputError where the facts are of another version.
    """
    page = out / PAGE
    page.unlink(missing_ok=True)
    facts = _read(out / REPORT_FACTS)
    if facts is None:
        return None
    stability = _read(out / STABILITY)
    if stability and stability.get("version") != STABILITY_VERSION:
        stability = None
    # matplotlib takes its time to load, and most who call this module only name a command
    from movierec_report.page import render

    text = render(
        facts,
        stability=stability,
        title=out.name,
        commands=commands,
        commit=read_commit(ROOT),
    )
    page.write_text(text, encoding="utf-8")
    return page


def run_command(config: str, overrides: Sequence[str]) -> str:
    """Return what runs the pipeline on a conf again.

    >>> run_command("conf/small.yaml", ["twins.pairs=50", "als.seed=2"])
    "make run CONF=conf/small.yaml SET='twins.pairs=50 als.seed=2'"

    Make splits SET at blanks and reads `$` and `#` in it, so such overrides go to the script:

    >>> run_command("conf/small.yaml", ["tuning.implicit.rank=[8, 16]"])
    "python scripts/run_pipeline.py --config conf/small.yaml --set 'tuning.implicit.rank=[8, 16]'"
    """
    if any(set(one) & _NOT_FOR_MAKE for one in overrides):
        parts = ["python", "scripts/run_pipeline.py", "--config", config]
        parts += [part for one in overrides for part in ("--set", one)]
        return shlex.join(parts)
    command = f"make run CONF={shlex.quote(config)}"
    return f"{command} SET={shlex.quote(' '.join(overrides))}" if overrides else command


def _read(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, None where it is not there."""
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
