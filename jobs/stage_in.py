"""Copy an archive to where the jobs read it: from GCS to a cluster's HDFS."""

import sys

from movierec.pipeline.transfers import stage_in_main

if __name__ == "__main__":
    sys.exit(stage_in_main())
