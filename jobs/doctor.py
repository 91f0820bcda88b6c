"""Check before a run that this machine or cluster has what it needs."""

import sys

from movierec.doctor.command import main

if __name__ == "__main__":
    sys.exit(main())
