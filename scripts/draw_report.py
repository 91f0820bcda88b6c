"""Draw out/<conf name>/report.html from the report.json beside it, without Spark.

What `make run` and `make report` leave there, and `make fetch` brings.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from movierec.report_facts import FILE
from movierec_report.drawing import draw
from movierec_report.page import ReportError


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
