"""Read a zipped MovieLens archive into typed, checked datasets."""

import sys

from movierec.pipeline.cli import main
from movierec.pipeline.dag import INGEST
from movierec.stages.ingest import run

if __name__ == "__main__":
    sys.exit(main(INGEST, run))
