"""Run the pipeline in several variants that must not change its results; compare them row by row.

    make invariance ARCHIVE=path.zip

`--python …`, or BESIDE=3.5 of make, adds another interpreter, such as one with Spark 3.5. Spark 4.1
starts Java with its vector module, so ALS sums in another order than without: numbers may then
differ in the last digits of single precision, and movies of almost equal score may change places
in a list. Nothing else may differ; with the vector module in both, not even that.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.invariance.variants import (
    BASELINE,
    VARIANTS,
    VECTORS,
    Variant,
    about_equal,
    equal,
    find_differences,
    run,
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="invariance", allow_abbrev=False)
    parser.add_argument("--archive", required=True, type=Path)
    parser.add_argument("--python", nargs="*", default=[], help="interpreters to compare too")
    arguments = parser.parse_args()
    others = [
        variant
        for one in arguments.python
        for variant in (
            Variant(f"with {one}", BASELINE.properties, python=one, exact=False),
            Variant(f"with {one} and Java's vectors", BASELINE.properties | VECTORS, python=one),
        )
    ]
    differences = 0
    with tempfile.TemporaryDirectory(prefix="invariance-") as folder:
        baseline = run(BASELINE, arguments.archive, Path(folder) / "baseline")
        for number, variant in enumerate((*VARIANTS, *others)):
            workspace = run(variant, arguments.archive, Path(folder) / str(number))
            same = equal if variant.exact else about_equal
            found = list(find_differences(baseline, workspace, same=same))
            differences += len(found)
            print(f"invariance: {variant.name}: {len(found)} differences", *found, sep="\n  ")
            sys.stdout.flush()
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
