"""Measure and compare the models on validation and test."""

import sys

from movierec.pipeline.cli import main
from movierec.pipeline.dag import EVALUATE
from movierec.stages.evaluate import run

if __name__ == "__main__":
    sys.exit(main(EVALUATE, run))
