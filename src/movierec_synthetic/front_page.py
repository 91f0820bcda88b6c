"""The page of movies that new users are shown: the reason why many begin with the same ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.catalogue import Catalogue
from movierec_synthetic.categorical import CategoricalSampler
from movierec_synthetic.spec import Ints, Shape

# First years of the eras, each with a page of its own.
ERAS = tuple(range(1996, 2019, 2))
# Years in which a movie's visibility falls by the factor e.
VISIBLE_YEARS = 6.0


@dataclass(frozen=True)
class FrontPages:
    """A page of movies for each era, `movies` int64 (eras, places), and who picks what from it.

    Row era · archetypes + archetype of `picks` draws a place on that era's page; the same rows
    for passers-by follow after all of those.
    """

    movies: Ints
    archetypes: int
    picks: CategoricalSampler

    def draw(
        self, eras: Ints, archetype: Ints, passing: npt.NDArray[np.bool_], rng: np.random.Generator
    ) -> Ints:
        """A movie index for each entry of the arrays; `passing` marks the passers-by."""
        rows = (eras + len(ERAS) * passing) * self.archetypes + archetype
        places = self.picks.draw(rows, rng)
        drawn: Ints = self.movies[eras, places]
        return drawn


def make_front_pages(
    shape: Shape, catalogue: Catalogue, affinity: npt.NDArray[np.float32]
) -> FrontPages:
    """The popular movies of each era, and who picks what; passers-by pick from the top."""
    movies, visibility = most_visible_movies(
        shape, catalogue, np.array(ERAS), shape.front_page_movies
    )
    taste = np.exp(shape.front_page_taste * affinity[movies].astype(np.float64))
    weights = visibility[:, :, None] * taste
    top = np.exp(-np.arange(movies.shape[1]) / shape.passer_by_places)[None, :, None]
    by_archetype = np.concatenate([weights, weights * top]).transpose(0, 2, 1)
    picks = CategoricalSampler.from_weights(by_archetype.reshape(-1, movies.shape[1]))
    return FrontPages(movies, affinity.shape[1], picks)


def most_visible_movies(
    shape: Shape, catalogue: Catalogue, years: Ints, places: int
) -> tuple[Ints, npt.NDArray[np.float64]]:
    """The most visible movies at the start of each year: popular and recent ones first.

    Two arrays (years, places): movie indices and their visibility. Fewer places if fewer movies
    are ever rated. Unreleased movies come last, so only if too few are released.
    """
    ages = years[:, None] - catalogue.years - 1
    visibility = catalogue.weights**shape.front_page_power * np.exp(
        -np.maximum(ages, 0) / VISIBLE_YEARS
    )
    rated = int((catalogue.weights > 0).sum())
    # Released movies have negative keys, unreleased ones keys from 0 on.
    keys = np.where(ages >= 0, -visibility, 1 - visibility / visibility.max())
    order = np.argsort(keys, axis=1, kind="stable")
    movies = np.stack([row[catalogue.weights[row] > 0][: min(places, rated)] for row in order])
    return movies, np.take_along_axis(visibility, movies, axis=1)


def era_indices(times: Ints) -> Ints:
    """Index into ERAS of each Unix time."""
    years = times.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
    return np.maximum(np.searchsorted(np.array(ERAS), years, side="right") - 1, 0)
