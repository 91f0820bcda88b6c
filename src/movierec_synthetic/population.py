"""The users: their mixtures of tastes, their habits, and when they come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.activity import Activity
from movierec_synthetic.spec import FIRST_SECOND, LAST_SECOND, SampleSpec, Stream

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A planted follower rates at most this long after the source, so sources stop this much earlier.
MAX_LAG = 30 * 86_400
# Pioneers came in the first so much of the span of the data; the others spread evenly over all.
PIONEER_TIME = 0.035
# Share of users who know half stars at all, once the scale has them.
HALF_STAR_USERS = 0.9
SECONDS_BETWEEN_RATINGS = 13.0
# Three users in four rate in one to three sittings, some in hundreds over many years.
ONE_SITTING = 0.5
DAYS_BETWEEN_SITTINGS = 30.0


@dataclass(frozen=True)
class Population:
    """One row a user; `mixture` float64 (users, archetypes) has rows summing to 1.

    `bias` float64, `half_stars` bool, `arrival` float64 in 0 … 1 (where in the span of the data
    the user begins), `pause_chance` and `pause_days` float64 (how often a rating opens a new
    sitting, and the mean days before it). A planted follower has its source's habits.
    """

    mixture: Floats
    bias: Floats
    half_stars: npt.NDArray[np.bool_]
    arrival: Floats
    pause_chance: Floats
    pause_days: Floats


def make_population(spec: SampleSpec, activity: Activity) -> Population:
    """Draw the users."""
    rng = spec.stream(Stream.USERS)
    users = spec.users
    mixture = rng.standard_gamma(spec.shape.mixing, (users, spec.shape.archetypes)) + 1e-9
    mixture /= mixture.sum(axis=1, keepdims=True)
    bias = rng.standard_normal(users)
    half_stars = rng.random(users) < HALF_STAR_USERS
    pioneers = spec.shape.pioneers * np.exp(-spec.shape.pioneer_decline * activity.counts / 100)
    arrival = np.where(rng.random(users) < pioneers, PIONEER_TIME, 1.0) * rng.random(users)
    loyal = rng.random(users) >= ONE_SITTING
    pause_chance = np.where(loyal, 0.3 * rng.random(users) ** 2.5, 0.0)
    pause_days = DAYS_BETWEEN_SITTINGS * np.exp(1.3 * rng.standard_normal(users))
    for pairs in (activity.twins, activity.duplicates):
        source, follower = pairs.T
        for habit in (mixture, bias, half_stars):
            habit[follower] = habit[source]
    return Population(mixture, bias, half_stars, arrival, pause_chance, pause_days)


def rating_times(
    counts: Ints, population: Population, users: slice, *, rng: np.random.Generator
) -> Ints:
    """Rising Unix times of all ratings of the users, user by user, `counts` of them each.

    Seconds apart within a sitting, days or months apart between sittings, squeezed where they
    would not fit between the first and the last second of the data.
    """
    first = np.cumsum(counts) - counts
    total = int(counts.sum())
    by_rating = np.repeat(np.arange(len(counts)), counts)
    # Below 0 is at once: one rating in seven has the same second as the one before.
    gaps = np.maximum(SECONDS_BETWEEN_RATINGS * rng.standard_exponential(total) - 1.5, 0.0)
    pauses = rng.random(total) < population.pause_chance[users][by_rating]
    length = 86_400 * population.pause_days[users][by_rating[pauses]]
    gaps[pauses] += length * rng.standard_exponential(len(length))
    gaps[first] = 0.0
    elapsed = np.cumsum(gaps)
    elapsed -= elapsed[first][by_rating]
    span = elapsed[first + counts - 1]
    room = LAST_SECOND - MAX_LAG - FIRST_SECOND
    squeeze = np.minimum(1.0, 0.9 * room / np.maximum(span, 1.0))
    start = FIRST_SECOND + population.arrival[users] * (room - squeeze * span)
    times: Ints = np.floor(start[by_rating] + squeeze[by_rating] * elapsed).astype(np.int64)
    return times


def moved_to_the_end(times: Ints, counts: Ints, movers: npt.NDArray[np.bool_]) -> Ints:
    """The times with each mover's last one put at the last second that a source may use."""
    last = times[np.cumsum(counts) - 1]
    shift = np.where(movers, LAST_SECOND - MAX_LAG - last, 0)
    moved: Ints = times + np.repeat(shift, counts)
    return moved
