"""The pipeline again and again, with what must not matter changed, compared row for row.

    make invariance ARCHIVE=path.zip

With another interpreter, such as one that has Spark 3.5: `--python …`, or BESIDE=3.5 of make.
Spark 4.1 starts Java with its vectors, by which ALS adds up in another order than without. So
numbers may differ in single precision's last digits, and in a list movies of nearly one score may
change places. Nothing else may, and with the vectors not even that.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.invariance.variants import (
    USUAL,
    VARIANTS,
    VECTORS,
    Variant,
    compared,
    exactly,
    nearly,
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
            Variant(f"with {one}", USUAL.properties, python=one, nearly=True),
            Variant(f"with {one} and Java's vectors", USUAL.properties | VECTORS, python=one),
        )
    ]
    differences = 0
    with tempfile.TemporaryDirectory(prefix="invariance-") as folder:
        usual = run(USUAL, arguments.archive, Path(folder) / "usual")
        for number, variant in enumerate((*VARIANTS, *others)):
            place = Path(folder) / str(number)
            there = run(variant, arguments.archive, place)
            found = list(compared(usual, there, same=nearly if variant.nearly else exactly))
            differences += len(found)
            print(f"invariance: {variant.name}: {len(found)} differences", *found, sep="\n  ")
            sys.stdout.flush()
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
