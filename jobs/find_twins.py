"""Find the most similar pairs of users, prove the search, test their ratings."""

import sys

from movierec.pipeline.cli import main
from movierec.pipeline.dag import TWINS
from movierec.stages.twins import run

if __name__ == "__main__":
    sys.exit(main(TWINS, run))
