"""Estimates of the time, memory and disk of a whole run, from measured runs.

The numbers are those of docs/benchmarks.md, "The whole pipeline, from one to a hundred per cent":
2 cores, a heap of 14 GB, the tuning of conf/full.yaml. Between and beyond the measured sizes,
estimates lie on straight lines through the logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

SOURCE: Final = "docs/benchmarks.md"
CORES: Final = 2


@dataclass(frozen=True)
class MeasuredRun:
    """One measured run."""

    ratings: int
    seconds: dict[str, float]
    """The time of each stage."""
    jvm_gib: float
    """The peak memory of the JVM. It uses what it is allowed, so less may suffice."""
    total_gib: float
    """The peak memory of all processes, the JVM and the Python workers."""
    shuffled_gib: float
    """Written to Spark's local directories in all; Spark deletes a part of it during the run."""


_STAGES: Final = (
    *("ingest", "partition", "popularity", "tune", "recommend", "evaluate", "twins", "report"),
)
_MEASURED: Final = (
    # ratings, seconds of each stage, GiB: JVM, all processes, shuffled
    (338_322, (27, 5, 13, 109, 21, 25, 34, 5), 6.1, 7.1, 1.1),
    (3_383_216, (39, 15, 22, 179, 67, 45, 74, 7), 6.2, 8.5, 4.4),
    (33_832_162, (138, 60, 88, 684, 536, 263, 222, 24), 8.6, 13.6, 31.7),
)
RUNS: Final = [
    MeasuredRun(ratings, dict(zip(_STAGES, seconds, strict=True)), *gib)
    for ratings, seconds, *gib in _MEASURED
]
# the tests run ml-latest-small with the heap of conftest.py; at full size it is the JVM's peak
_HEAP_GIB: Final = ((100_836, 3.0), (RUNS[-1].ratings, RUNS[-1].jvm_gib))
_WORKSPACE_BYTES: Final = 130
"""Per rating: from 338,322 all stages but `deliver` left 35 MB, most of it in the ten lists of each
user; that stage's list and model add about 20 bytes, by the sizes of the sample's."""
_GIB: Final = 1 << 30


def estimate_seconds(ratings: int) -> dict[str, float]:
    """Return the seconds of each stage for a number of ratings on the measured machine.

    `deliver` was measured at full size only, in a slower run: in that of the table it would be 283
    s. It makes one of the two fits and half of the lists of `recommend`, so it counts as half.
    `segments`, two lists per user and fits to few users, took 184 s at full size; it counts as
    half, too. `ease` is a part of `tune` and `recommend`: five fits of conf/full.yaml, whose
    solutions take 38 s each, and five times everybody's lists, 93 s at full size, and three times
    the sums, 50 s, which grow with the ratings.
    """
    seconds = {
        stage: _interpolate([(run.ratings, run.seconds[stage]) for run in RUNS], ratings)
        for stage in RUNS[0].seconds
    }
    half = seconds["recommend"] / 2
    ease = 5 * 38 + (5 * 93 + 3 * 50) * ratings / RUNS[-1].ratings
    return seconds | {"deliver": half, "segments": half, "ease": ease}


def estimate_runtime(ratings: int, *, cores: int) -> str:
    """Return in one line how long a run of all stages takes on this number of cores."""
    seconds = estimate_seconds(ratings)
    stages = ", ".join(f"{stage} {one / 60:.1f}" for stage, one in seconds.items())
    if cores < CORES:
        here = f"; with {cores} here up to {CORES / cores:g} times that"
    else:
        here = f"; with {cores} here no longer than that" if cores > CORES else ""
    if ratings > 2 * RUNS[-1].ratings:
        here += "; no such size was measured: see there, 'Beyond the full size'"
    return (
        f"about {sum(seconds.values()) / 60:.0f} minutes for {ratings:,} ratings ({stages}), by "
        f"{SOURCE} on {CORES} cores with the tuning of conf/full.yaml{here}"
    )


def heap_bytes(ratings: int) -> int:
    """Return a heap size that is known to suffice for a number of ratings."""
    return int(_interpolate(_HEAP_GIB, ratings) * _GIB)


def worker_bytes(ratings: int) -> int:
    """Return the peak memory of a Python worker; there is one per core."""
    held = [(run.ratings, (run.total_gib - run.jvm_gib) / CORES) for run in RUNS]
    return int(_interpolate(held, ratings) * _GIB)


def ease_bytes(movies: int, ratings: int) -> tuple[int, int]:
    """Return the memory of a fit of EASE in the driver and in each Python worker.

    The driver holds the Gram matrix and a copy of it in double precision, the weights in single,
    and some arrays of the ratings; a worker the weights, or the ratings.
    """
    ratings = min(ratings, 1 << 26)
    return 20 * movies**2 + 40 * ratings, 4 * movies**2 + 12 * ratings


def shuffle_bytes(ratings: int) -> int:
    """Return the bytes that all shuffles of a run write."""
    return int(_interpolate([(run.ratings, run.shuffled_gib) for run in RUNS], ratings) * _GIB)


def workspace_bytes(ratings: int) -> int:
    """Return the bytes that a run needs in its workspace."""
    return ratings * _WORKSPACE_BYTES


def _interpolate(points: Sequence[tuple[int, float]], at: int) -> float:
    """Return the value on the line through the logarithms of the points around `at`.

    Beyond the last point the last line continues; before the first point its value holds.
    """
    if at <= points[0][0]:
        return points[0][1]
    pairs = (pair for pair in pairwise(points) if at <= pair[1][0])
    (x0, y0), (x1, y1) = next(pairs, (points[-2], points[-1]))
    slope = math.log(y1 / y0) / math.log(x1 / x0)
    return float(y0 * (at / x0) ** slope)
