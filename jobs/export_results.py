"""Copy the results of a config from a cluster's HDFS to storage that lasts, such as GCS."""

import sys

from movierec.pipeline.transfers import export_main

if __name__ == "__main__":
    sys.exit(export_main())
