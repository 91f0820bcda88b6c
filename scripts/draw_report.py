"""Draw out/<conf name>/report.html from the report.json beside it, without Spark.

What `make run` and `make report` leave there, and `make fetch` brings.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from movierec.report_facts import FILE
from movierec_report.page import ReportError, render

PAGE = "report.html"


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
    root = Path(__file__).resolve().parents[1]
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="draw_report", description=__doc__, allow_abbrev=False)
    parser.add_argument("--config", required=True, help="the conf, by whose name out/ has results")
    parser.add_argument("--out", type=Path, default=Path("out"), help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    out = arguments.out / Path(arguments.config).stem
    try:
        page = draw(out, config=arguments.config)
    except ReportError as error:
        print(f"draw_report: {error}", file=sys.stderr)
        return 3
    if page is None:
        print(f"draw_report: {out / FILE}: not there; `make report` makes it", file=sys.stderr)
        return 3
    print(json.dumps({"job": "draw_report", "output": str(page)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
