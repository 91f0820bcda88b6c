"""Split the ratings into train, validation and test, and audit the split."""

import sys

from movierec.pipeline.cli import main
from movierec.pipeline.dag import PARTITION
from movierec.stages.partition import run

if __name__ == "__main__":
    sys.exit(main(PARTITION, run))
