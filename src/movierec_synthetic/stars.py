"""The ratings' values: user bias, movie quality, taste and noise, cut into stars."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from movierec_synthetic.catalogue import Catalogue
from movierec_synthetic.history import History
from movierec_synthetic.population import Population
from movierec_synthetic.spec import HALF_STARS_SINCE, Floats, SampleSpec, Stream
from movierec_synthetic.tastes import Tastes

HalfSteps = npt.NDArray[np.uint8]

# Shares of 1 … 5 stars from users who give whole ones, and of 0.5 … 5.0 from the others; together,
# with the share of users who give half stars, they make the shares in ml-latest-small.
WHOLE_STARS = (0.025, 0.095, 0.290, 0.384, 0.206)
HALF_STARS = (0.024, 0.030, 0.032, 0.060, 0.097, 0.130, 0.230, 0.175, 0.150, 0.072)


def cut_points(shares: tuple[float, ...]) -> Floats:
    """The standard normal values that separate ordered classes with these shares."""
    cumulative = np.cumsum(shares)[:-1] / sum(shares)
    return np.array([NormalDist().inv_cdf(share) for share in cumulative])


def draw_ratings(
    spec: SampleSpec,
    history: History,
    *,
    catalogue: Catalogue,
    tastes: Tastes,
    population: Population,
) -> HalfSteps:
    """Draw the ratings of the history's rows in half stars, 1 … 10, uint8.

    Whole stars (even values) for users without half stars and before their introduction.
    """
    shape = spec.shape
    norms = np.linalg.norm(population.mixture, axis=1, keepdims=True)
    taste = (shape.taste_in_stars * population.mixture / norms).astype(np.float32)
    base = shape.user_bias * population.bias
    whole, half = cut_points(WHOLE_STARS), cut_points(HALF_STARS)
    half_steps = np.empty(spec.ratings, dtype=np.uint8)
    centre, spread = 0.0, 1.0
    for block, (begin, end) in enumerate(spec.blocks):
        rng = spec.stream(Stream.STARS, block)
        counts = np.diff(history.offsets[begin : end + 1])
        rows = slice(int(history.offsets[begin]), int(history.offsets[end]))
        user = np.repeat(np.arange(begin, end), counts)
        movie = history.movies[rows]
        score = np.einsum("rk,rk->r", taste[user], tastes.affinity[movie]).astype(np.float64)
        score += base[user] + shape.movie_quality * catalogue.quality[movie]
        score += shape.noise * rng.standard_normal(len(score))
        if block == 0:
            # The first block is a sample of all, which saves a second pass.
            centre, spread = float(score.mean()), float(score.std()) or 1.0
        score = (score - centre) / spread
        halves = population.half_stars[user] & (history.times[rows] >= HALF_STARS_SINCE)
        stars = np.where(
            halves, np.searchsorted(half, score) + 1, 2 * np.searchsorted(whole, score) + 2
        )
        half_steps[rows] = stars
    return half_steps
