"""Choose the popularity baseline: the variant with the best lists on validation."""

import sys

from movierec.pipeline.cli import main
from movierec.pipeline.dag import POPULARITY
from movierec.stages.popularity import run

if __name__ == "__main__":
    sys.exit(main(POPULARITY, run))
