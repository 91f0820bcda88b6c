"""Gather what the report shows, of every stage, into report.json."""

import sys

from movierec.pipeline.cli import main
from movierec.pipeline.dag import REPORT
from movierec.stages.report import run

if __name__ == "__main__":
    sys.exit(main(REPORT, run))
