"""Find segments of all users."""

import sys

from movierec.pipeline.cli import main
from movierec.pipeline.dag import SEGMENTS
from movierec.stages.segments import run

if __name__ == "__main__":
    sys.exit(main(SEGMENTS, run))
