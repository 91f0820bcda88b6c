"""Lets `python -m movierec_cli` do what `movierec` does."""

import sys

from movierec_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
