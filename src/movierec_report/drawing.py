"""The report as a file beside the facts that it is drawn from."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from movierec.report_facts import FILE
from movierec_report.page import render

PAGE: Final = "report.html"


def draw(out: Path, *, config: str, overrides: Sequence[str] = ()) -> Path | None:
    """Draw the report of a directory; return its path, None where no report.json is there.

    A report from before goes then. Raises ReportError where the file is of another version.
    """
    page = out / PAGE
    page.unlink(missing_ok=True)
    if not (out / FILE).exists():
        return None
    facts = json.loads((out / FILE).read_text(encoding="utf-8"))
    sets = [f"SET={shlex.quote(one)}" for one in overrides]
    text = render(
        facts,
        title=out.name,
        commands=[" ".join(["make", "run", f"CONF={shlex.quote(config)}", *sets])],
        commit=commit(),
    )
    page.write_text(text, encoding="utf-8")
    return page


def commit() -> str | None:
    """Return the commit of this checkout, marked where files differ; None where there is none."""
    root = Path(__file__).resolve().parents[2]
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None
