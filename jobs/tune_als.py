"""Tune ALS on validation, by the quality of its lists."""

import sys

from movierec.pipeline.cli import main
from movierec.pipeline.dag import TUNE
from movierec.stages.tune import run

if __name__ == "__main__":
    sys.exit(main(TUNE, run))
