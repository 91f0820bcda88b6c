"""Taste archetypes: the low-rank structure of the ratings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.catalogue import Catalogue
from movierec_synthetic.spec import Floats, SampleSpec, Stream

LATENT_FACTORS = 8
# Weight of the genres in an archetype's affinity; the latent factors have the rest.
GENRE_WEIGHT = 0.6


@dataclass(frozen=True)
class Tastes:
    """The archetypes' tastes in movies.

    `affinity` float32 (movies, archetypes): mean 0 and deviation 1 in each column; influences
    ratings and choice. `probabilities` float64 (archetypes, movies): the probability of each
    movie in an archetype's draw, rows summing to 1.
    """

    affinity: npt.NDArray[np.float32]
    probabilities: Floats


def make_tastes(spec: SampleSpec, catalogue: Catalogue) -> Tastes:
    """Draw the archetypes over the catalogue's genres and over latent factors."""
    rng = spec.stream(Stream.TASTES)
    shape = spec.shape
    movies, genres = catalogue.genres.shape
    per_movie = catalogue.genres / np.sqrt(np.maximum(catalogue.genres.sum(axis=1), 1))[:, None]
    by_genre = standardize(
        matrix_product(per_movie, rng.standard_normal((genres, shape.archetypes)))
    )
    latent = rng.standard_normal((movies, LATENT_FACTORS))
    factors = rng.standard_normal((LATENT_FACTORS, shape.archetypes))
    by_factor = standardize(matrix_product(latent, factors))
    affinity = standardize(GENRE_WEIGHT * by_genre + (1 - GENRE_WEIGHT**2) ** 0.5 * by_factor)
    weights = (catalogue.weights[:, None] * np.exp(shape.taste_in_choice * affinity)).T
    return Tastes(affinity.astype(np.float32), weights / weights.sum(axis=1, keepdims=True))


def standardize(columns: Floats) -> Floats:
    """Scale columns to mean 0 and deviation 1; a constant column becomes 0."""
    deviation = columns.std(axis=0)
    scaled: Floats = (columns - columns.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return scaled


def matrix_product(left: Floats, right: Floats) -> Floats:
    """The matrix product without BLAS, whose last digits depend on its build and threads."""
    multiplied: Floats = np.einsum("ij,jk->ik", left, right)
    return multiplied
