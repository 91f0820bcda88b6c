"""Clusters, uploads and jobs on Google Cloud Dataproc: `python scripts/dataproc.py --help`."""

from __future__ import annotations

import sys

from movierec_dataproc.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
