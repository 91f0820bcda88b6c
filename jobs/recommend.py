"""Fit every model and write its recommendations for each held-out split."""

import sys

from movierec.pipeline.cli import main
from movierec.pipeline.dag import RECOMMEND
from movierec.stages.recommend import run

if __name__ == "__main__":
    sys.exit(main(RECOMMEND, run))
