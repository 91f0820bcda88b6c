"""What a run of the whole pipeline takes, by the runs that were measured.

The numbers are those of docs/benchmarks.md, "The whole pipeline, from one to a hundred per cent":
2 cores, a heap of 14 GB, the tuning of conf/full.yaml. Estimates are theirs, between and beyond
them along straight lines of the logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

SOURCE: Final = "docs/benchmarks.md"
CORES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run that was measured."""

    ratings: int
    seconds: dict[str, float]
    """Of each stage."""
    jvm_gib: float
    """The most that the JVM held: it takes what it is allowed, so less may do."""
    all_gib: float
    """The most that all processes held, the JVM and the Python workers."""
    shuffled_gib: float
    """What went to Spark's local directories, of which Spark removes a part on the way."""


_STAGES: Final = (
    *("ingest", "partition", "popularity", "tune", "recommend", "evaluate", "twins", "report"),
)
RUNS: Final = (
    Run(
        ratings=338_322,
        seconds=dict(zip(_STAGES, (27, 5, 13, 109, 21, 25, 34, 5), strict=True)),
        jvm_gib=6.1,
        all_gib=7.1,
        shuffled_gib=1.1,
    ),
    Run(
        ratings=3_383_216,
        seconds=dict(zip(_STAGES, (39, 15, 22, 179, 67, 45, 74, 7), strict=True)),
        jvm_gib=6.2,
        all_gib=8.5,
        shuffled_gib=4.4,
    ),
    Run(
        ratings=33_832_162,
        seconds=dict(zip(_STAGES, (138, 60, 88, 684, 536, 263, 222, 24), strict=True)),
        jvm_gib=8.6,
        all_gib=13.6,
        shuffled_gib=31.7,
    ),
)
# The tests run ml-latest-small with the heap of conftest.py; at full size the JVM held so much.
_HEAP_GIB: Final = ((100_836, 3.0), (RUNS[-1].ratings, RUNS[-1].jvm_gib))
_WORKSPACE_BYTES: Final = 110
"""A rating. Of 338,322 all stages left 35 MB, most of it in the ten lists of each user."""
_GIB: Final = 1 << 30


def seconds_of(ratings: int) -> dict[str, float]:
    """Return what each stage takes with so many ratings on the machine that was measured."""
    return {
        stage: _between([(run.ratings, run.seconds[stage]) for run in RUNS], ratings)
        for stage in RUNS[0].seconds
    }


def foretold(ratings: int, *, cores: int) -> str:
    """Return in one line how long a run of every stage takes, from nothing, with so many cores."""
    seconds = seconds_of(ratings)
    stages = ", ".join(f"{stage} {one / 60:.1f}" for stage, one in seconds.items())
    if cores < CORES:
        here = f"; with {cores} here up to {CORES / cores:g} times that"
    else:
        here = f"; with {cores} here no longer than that" if cores > CORES else ""
    return (
        f"about {sum(seconds.values()) / 60:.0f} minutes for {ratings:,} ratings ({stages}), by "
        f"{SOURCE} on {CORES} cores with the tuning of conf/full.yaml{here}"
    )


def heap_of(ratings: int) -> int:
    """Return the bytes of heap that are known to do for so many ratings."""
    return int(_between(_HEAP_GIB, ratings) * _GIB)


def worker_of(ratings: int) -> int:
    """Return the most bytes that a Python worker, one a core, holds with so many ratings."""
    held = [(run.ratings, (run.all_gib - run.jvm_gib) / CORES) for run in RUNS]
    return int(_between(held, ratings) * _GIB)


def shuffled_of(ratings: int) -> int:
    """Return the bytes that all shuffles together write with so many ratings."""
    return int(_between([(run.ratings, run.shuffled_gib) for run in RUNS], ratings) * _GIB)


def workspace_of(ratings: int) -> int:
    """Return the bytes that a run needs in its workspace with so many ratings."""
    return ratings * _WORKSPACE_BYTES


def _between(points: Sequence[tuple[int, float]], at: int) -> float:
    """Return the value on the line through the logarithms of the points around `at`.

    Beyond the last point the last line goes on; before the first its value stands.
    """
    if at <= points[0][0]:
        return points[0][1]
    (x0, y0), (x1, y1) = next(
        (pair for pair in pairwise(points) if at <= pair[1][0]),
        (points[-2], points[-1]),
    )
    slope = math.log(y1 / y0) / math.log(x1 / x0)
    return float(y0 * (at / x0) ** slope)
