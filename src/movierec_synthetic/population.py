"""The users: their mixtures of tastes, their habits, and when they rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.activity import Activity
from movierec_synthetic.spec import FIRST_SECOND, LAST_SECOND, Floats, Ints, SampleSpec, Stream

# Seconds by which a planted follower is later than its source at most; sources stop that early.
MAX_LAG = 30 * 86_400
# Pioneers arrive in this first part of the data's time span, the others uniformly over all of it.
PIONEER_TIME = 0.035
# Share of users who give half stars once the scale has them.
HALF_STAR_USERS = 0.9
SECONDS_BETWEEN_RATINGS = 13.0
# Share of users with a single sitting. Three in four have one to three, some hundreds over years.
ONE_SITTING = 0.5
DAYS_BETWEEN_SITTINGS = 30.0


@dataclass(frozen=True)
class Population:
    """One row per user; `mixture` float64 (users, archetypes) has rows summing to 1.

    `bias` float64, `half_stars` bool, `arrival` float64 in 0 … 1 (where in the data's time span
    the user begins), `pause_probability` and `pause_days` float64 (how often a rating starts a
    new sitting, and the mean days before it). A planted follower has its source's taste, bias
    and use of half stars.
    """

    mixture: Floats
    bias: Floats
    half_stars: npt.NDArray[np.bool_]
    arrival: Floats
    pause_probability: Floats
    pause_days: Floats


def make_population(spec: SampleSpec, activity: Activity) -> Population:
    """Draw the users."""
    rng = spec.stream(Stream.USERS)
    users = spec.users
    mixture = _draw_mixture(spec, rng)
    bias = rng.standard_normal(users)
    half_stars = rng.random(users) < HALF_STAR_USERS
    pioneers = spec.shape.pioneers * np.exp(-spec.shape.pioneer_decline * activity.counts / 100)
    arrival = np.where(rng.random(users) < pioneers, PIONEER_TIME, 1.0) * rng.random(users)
    loyal = rng.random(users) >= ONE_SITTING
    pause_probability = np.where(loyal, 0.3 * rng.random(users) ** 2.5, 0.0)
    pause_days = DAYS_BETWEEN_SITTINGS * np.exp(1.3 * rng.standard_normal(users))
    for pairs in (activity.twins, activity.duplicates):
        source, follower = pairs.T
        for habit in (mixture, bias, half_stars):
            habit[follower] = habit[source]
    return Population(mixture, bias, half_stars, arrival, pause_probability, pause_days)


def _draw_mixture(spec: SampleSpec, rng: np.random.Generator) -> Floats:
    shape = spec.shape
    if shape.mixing == 0:
        alone: Floats = np.eye(shape.archetypes)[rng.integers(shape.archetypes, size=spec.users)]
        return alone
    mixture: Floats = rng.standard_gamma(shape.mixing, (spec.users, shape.archetypes)) + 1e-9
    mixture /= mixture.sum(axis=1, keepdims=True)
    return mixture


def draw_times(
    counts: Ints, population: Population, users: slice, *, rng: np.random.Generator
) -> Ints:
    """Unix times of all ratings of the users, user by user, rising, `counts[i]` for user i.

    Seconds apart within a sitting, days or months apart between sittings; compressed if they
    would not fit between the first and the last second of the data.
    """
    first = np.cumsum(counts) - counts
    total = int(counts.sum())
    by_rating = np.repeat(np.arange(len(counts)), counts)
    # Negative gaps become 0: one rating in seven has the same second as the one before.
    gaps = np.maximum(SECONDS_BETWEEN_RATINGS * rng.standard_exponential(total) - 1.5, 0.0)
    pauses = rng.random(total) < population.pause_probability[users][by_rating]
    length = 86_400 * population.pause_days[users][by_rating[pauses]]
    gaps[pauses] += length * rng.standard_exponential(len(length))
    gaps[first] = 0.0
    elapsed = np.cumsum(gaps)
    elapsed -= elapsed[first][by_rating]
    span = elapsed[first + counts - 1]
    room = LAST_SECOND - MAX_LAG - FIRST_SECOND
    compression = np.minimum(1.0, 0.9 * room / np.maximum(span, 1.0))
    start = FIRST_SECOND + population.arrival[users] * (room - compression * span)
    times: Ints = np.floor(start[by_rating] + compression[by_rating] * elapsed).astype(np.int64)
    return times


def shift_to_end(times: Ints, counts: Ints, movers: npt.NDArray[np.bool_]) -> Ints:
    """The times, for movers shifted so that their last is the last second that a source may use."""
    last = times[np.cumsum(counts) - 1]
    shift = np.where(movers, LAST_SECOND - MAX_LAG - last, 0)
    moved: Ints = times + np.repeat(shift, counts)
    return moved
