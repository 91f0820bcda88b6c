"""Make factors and lists for users whose ratings came after the fit."""

import sys

from movierec.stages.fold_in import main

if __name__ == "__main__":
    sys.exit(main())
