"""Taste archetypes: what low-rank structure the ratings have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.catalogue import Catalogue
from movierec_synthetic.spec import SampleSpec, Stream

Floats = npt.NDArray[np.float64]

LATENT_FACTORS = 8
# Weight of the genres against the latent factors in an archetype's affinity.
GENRE_PART = 0.6


@dataclass(frozen=True)
class Tastes:
    """The archetypes' view of the movies.

    `affinity` float32 (movies, archetypes): standard normal in each column, drives stars and
    choice. `chances` float64 (archetypes, movies): the probability of each movie in a draw of
    an archetype, rows summing to 1.
    """

    affinity: npt.NDArray[np.float32]
    chances: Floats


def make_tastes(spec: SampleSpec, catalogue: Catalogue) -> Tastes:
    """Draw the archetypes over the catalogue's genres and over latent factors."""
    rng = spec.stream(Stream.TASTES)
    shape = spec.shape
    kinds = shape.archetypes
    movies, genres = catalogue.genres.shape
    per_movie = catalogue.genres / np.sqrt(np.maximum(catalogue.genres.sum(axis=1), 1))[:, None]
    by_genre = standardised(product(per_movie, rng.standard_normal((genres, kinds))))
    latent = rng.standard_normal((movies, LATENT_FACTORS))
    by_factor = standardised(product(latent, rng.standard_normal((LATENT_FACTORS, kinds))))
    affinity = standardised(GENRE_PART * by_genre + (1 - GENRE_PART**2) ** 0.5 * by_factor)
    chances = (catalogue.weights[:, None] * np.exp(shape.taste_in_choice * affinity)).T
    return Tastes(affinity.astype(np.float32), chances / chances.sum(axis=1, keepdims=True))


def standardised(columns: Floats) -> Floats:
    """Columns with mean 0 and deviation 1; a constant column becomes 0."""
    deviation = columns.std(axis=0)
    scaled: Floats = (columns - columns.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return scaled


def product(left: Floats, right: Floats) -> Floats:
    """The matrix product without BLAS, whose last digits vary with its build and threads."""
    multiplied: Floats = np.einsum("ij,jk->ik", left, right)
    return multiplied
