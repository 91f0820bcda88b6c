"""Taste archetypes: what low-rank structure the ratings have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec.synthetic.catalogue import Catalogue
from movierec.synthetic.spec import SampleSpec, Stream

Floats = npt.NDArray[np.float64]

LATENT_FACTORS = 8
# Weight of the genres against the latent factors in an archetype's affinity.
GENRE_PART = 0.6
# First years of the front pages' eras.
ERAS = tuple(range(1996, 2019, 2))
# Mean age of what the front page adds to popularity: it forgets e-fold in so many years.
FRONT_PAGE_YEARS = 6.0


@dataclass(frozen=True)
class Tastes:
    """The archetypes' view of the movies.

    `affinity` float32 (movies, archetypes): standard normal in each column, drives stars and
    choice. `chances` float64 (archetypes, movies): the probability of each movie in a draw of
    an archetype; `front_pages` float64 (eras, movies): likewise on the page shown to a newcomer.
    All rows sum to 1.
    """

    affinity: npt.NDArray[np.float32]
    chances: Floats
    front_pages: Floats

    def stacked_cdf(self) -> Floats:
        """Cumulative chances, archetypes before front pages, row k plus k, flat and rising.

        One search for k plus a uniform number draws from any row.
        """
        cumulative = np.cumsum(np.concatenate([self.chances, self.front_pages]), axis=1)
        cumulative /= cumulative[:, -1:]
        cumulative += np.arange(len(cumulative))[:, None]
        return cumulative.ravel()


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
    pages = front_pages(catalogue, power=shape.front_page_power, movies=shape.front_page_movies)
    return Tastes(affinity.astype(np.float32), shares(chances), pages)


def front_pages(catalogue: Catalogue, *, power: float, movies: int) -> Floats:
    """What newcomers of each era are shown: popular movies, recent ones before old ones.

    Movies not out when the era begins are not on its page, unless none is out.
    """
    ages = np.array(ERAS)[:, None] - catalogue.years - 1
    pages = catalogue.weights**power * np.exp(-np.maximum(ages, 0) / FRONT_PAGE_YEARS)
    out = np.where(ages >= 0, pages, 0.0)
    pages = np.where(out.any(axis=1, keepdims=True), out, pages)
    if movies < pages.shape[1]:
        least = np.partition(pages, -movies, axis=1)[:, -movies, None]
        pages = np.where(pages >= least, pages, 0.0)
    return shares(pages)


def era_of(times: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Index into ERAS of each Unix time."""
    years = times.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
    return np.maximum(np.searchsorted(np.array(ERAS), years, side="right") - 1, 0)


def shares(rows: Floats) -> Floats:
    """Rows divided by their sums."""
    divided: Floats = rows / rows.sum(axis=1, keepdims=True)
    return divided


def standardised(columns: Floats) -> Floats:
    """Columns with mean 0 and deviation 1; a constant column becomes 0."""
    deviation = columns.std(axis=0)
    scaled: Floats = (columns - columns.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return scaled


def product(left: Floats, right: Floats) -> Floats:
    """The matrix product without BLAS, whose last digits vary with its build and threads."""
    multiplied: Floats = np.einsum("ij,jk->ik", left, right)
    return multiplied
