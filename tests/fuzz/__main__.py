"""Feed the conf loader, the zip reader and ingest with damaged input for some minutes.

    make fuzz MINUTES=10

A failure is printed with its seed: `python -m tests.fuzz --target T --seed N` repeats it.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

from movierec.spark.session import Session
from tests.fuzz import targets

SLOW = 30.0
"""The most seconds that an input may take."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__, allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=10.0, help="(default: %(default)s)")
    parser.add_argument("--target", choices=["conf", "zip", "ingest"], help="(default: all)")
    parser.add_argument("--seed", type=int, help="feed only the input of this seed")
    arguments = parser.parse_args()
    session = Session("fuzz", overrides={"spark.master": "local[1]", "spark.driver.memory": "2g"})
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        all_targets = {
            "conf": targets.conf,
            "zip": targets.zip_reader(session, Path(folder)),
            "ingest": targets.ingest(session, Path(folder)),
        }
        names = [arguments.target] if arguments.target else list(all_targets)
        chosen = {name: all_targets[name] for name in names}
        try:
            if arguments.seed is not None:
                return sum(fails(name, one, arguments.seed) for name, one in chosen.items())
            return campaign(chosen, arguments.minutes * 60)
        finally:
            session.stop()


def campaign(chosen: dict[str, targets.Target], seconds: float) -> int:
    """Feed every target for an equal part of the time; return 1 if one failed."""
    failures = 0
    for name, target in chosen.items():
        ends = time.monotonic() + seconds / len(chosen)
        count = 0
        while time.monotonic() < ends:
            failures += fails(name, target, random.SystemRandom().getrandbits(32))
            count += 1
        print(f"fuzz: {name}: {count} inputs", flush=True)
    print(f"fuzz: {failures} failures")
    return 1 if failures else 0


def fails(name: str, target: targets.Target, seed: int) -> bool:
    """Feed one input; tell whether it failed or was too slow, and print its seed if so."""
    started = time.monotonic()
    try:
        target(random.Random(seed))
    except Exception:
        traceback.print_exc()
        print(f"fuzz: {name}: seed {seed} failed", flush=True)
        return True
    if (seconds := time.monotonic() - started) > SLOW:
        print(f"fuzz: {name}: seed {seed} took {seconds:.0f} s", flush=True)
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
