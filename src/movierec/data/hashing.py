"""Random numbers without state: they depend only on a seed and a key."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

UInts = npt.NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)


def mix64(values: UInts) -> UInts:
    """Hash each value to 64 bits with the finaliser of SplitMix64.

    Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
    """
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def random_bits(seed: int, keys: npt.ArrayLike, count: int) -> UInts:
    """Return `count` random numbers of 64 bits for each key [n]: an array [n, count].

    A larger count starts with the numbers of a smaller one.
    """
    starts = mix64(np.asarray(keys).astype(np.uint64) * _STEP + np.uint64(seed))
    steps = np.arange(1, count + 1, dtype=np.uint64) * _STEP
    return mix64(starts[:, None] + steps[None, :])
