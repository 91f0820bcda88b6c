"""report.html: drawn from the report.json in the same directory."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from movierec.pipeline.dag import REPORT_FACTS
from movierec_report.checkout import read_commit

if TYPE_CHECKING:
    from movierec.config.schema import SourceConfig

ROOT: Final = Path(__file__).resolve().parents[2]
"""The checkout; an installed package has no Makefile there."""
REPORT_PAGE: Final = "report.html"
STABILITY: Final = "stability.json"
STABILITY_VERSION: Final = 2
"""Version of the layout of stability.json."""
_MOVIELENS: Final = re.compile(r"ml-(?:latest-)?(small|latest|\d+[km])")


def draw_report(out: Path, *, source: SourceConfig, command: str) -> Path | None:
    """Draw the report of a directory and return its path; None if there is no report.json.

    `source` gives the report its title; `command` is the one that makes the results again. A
    report.html of earlier facts is deleted in any case. A stability.json of another version is left
    out. Raises InputError if report.json is of another version.
    """
    page = out / REPORT_PAGE
    page.unlink(missing_ok=True)
    facts = _read_json(out / REPORT_FACTS)
    if facts is None:
        return None
    stability = _read_json(out / STABILITY)
    if stability and stability.get("version") != STABILITY_VERSION:
        stability = None
    # matplotlib is slow to import, and most importers of this module do not draw
    from movierec_report.page import render

    text = render(
        facts,
        stability=stability,
        title=report_title(source.archive, generated=source.generate is not None),
        command=command,
        commit=read_commit(ROOT),
    )
    page.write_text(text, encoding="utf-8")
    return page


def report_title(archive: str, *, generated: bool) -> str:
    """Return the title of the report on an archive, which is named as GroupLens does or not.

    >>> report_title("file:data/ml-latest-small.zip", generated=False)
    'MovieLens small: how good are the recommendations?'
    >>> report_title("ml-25m.zip", generated=False)
    'MovieLens 25M: how good are the recommendations?'
    >>> report_title("data/ml-sample.zip", generated=True)
    'Generated sample: how good are the recommendations?'
    >>> report_title("gs://bucket/our_ratings.zip", generated=False)
    'our ratings: how good are the recommendations?'
    """
    name = PurePosixPath(archive).stem
    if movielens := _MOVIELENS.fullmatch(name):
        size = movielens[1]
        data = f"MovieLens {size if size.isalpha() else size.upper()}"
    elif generated:
        data = "Generated sample"
    else:
        data = re.sub(r"[-_]+", " ", name)
    return f"{data}: how good are the recommendations?"


def run_command(config: str, overrides: Sequence[str], *, archive: str | None = None) -> str:
    """Return the shell command that runs the pipeline on a conf again.

    >>> run_command("conf/small.yaml", ["twins.pairs=50", "tuning.implicit.rank=[8, 16]"])
    "make run CONF=conf/small.yaml SET='twins.pairs=50 tuning.implicit.rank=[8, 16]'"
    >>> run_command("conf/sample.yaml", [], archive="my ratings.zip")
    "make run CONF=conf/sample.yaml ARCHIVE='my ratings.zip'"
    """
    if not (ROOT / "Makefile").is_file():
        words = [
            "movierec",
            "run",
            "--config",
            config,
            *(["--archive", archive] if archive else []),
        ]
        return shlex.join([*words, *(word for one in overrides for word in ("--set", one))])
    variables = {"CONF": config, "SET": " ".join(overrides), "ARCHIVE": archive}
    words = [f"{k}={shlex.quote(v)}" for k, v in variables.items() if v]
    return " ".join(["make run", *words])


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
