"""Fit the winner to all ratings and make everybody's list."""

import sys

from movierec.pipeline.cli import main
from movierec.pipeline.dag import DELIVER
from movierec.stages.deliver import run

if __name__ == "__main__":
    sys.exit(main(DELIVER, run))
