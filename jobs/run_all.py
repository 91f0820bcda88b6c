"""Run the whole pipeline in one Spark application."""

import sys

from movierec.run_all import main

if __name__ == "__main__":
    sys.exit(main())
