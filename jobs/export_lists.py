"""Write everybody's lists, with titles, to files or to a table of BigQuery."""

import sys

from movierec.pipeline.lists import main

if __name__ == "__main__":
    sys.exit(main())
