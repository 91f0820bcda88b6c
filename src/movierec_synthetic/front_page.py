"""What newcomers are shown, which is why so many users begin with the same movies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.catalogue import Catalogue
from movierec_synthetic.draws import DrawTable
from movierec_synthetic.spec import Shape

Ints = npt.NDArray[np.int64]

# First years of the eras, each with a page of its own.
ERAS = tuple(range(1996, 2019, 2))
# The page forgets movies e-fold in so many years.
YEARS_SHOWN = 6.0


@dataclass(frozen=True)
class FrontPages:
    """A page of movies for each era, `movies` int64 (eras, places), and who picks what from it.

    `picks` draws a place for era · archetypes + archetype; rows as many again, after those, are
    for passers-by.
    """

    movies: Ints
    archetypes: int
    picks: DrawTable

    def draw(
        self, eras: Ints, kinds: Ints, passing: npt.NDArray[np.bool_], rng: np.random.Generator
    ) -> Ints:
        """A movie index for each era and archetype named, and for whether it is a passer-by's."""
        rows = (eras + len(ERAS) * passing) * self.archetypes + kinds
        places = self.picks.draw(rows, rng)
        drawn: Ints = self.movies[eras, places]
        return drawn


def make_front_pages(
    shape: Shape, catalogue: Catalogue, affinity: npt.NDArray[np.float32]
) -> FrontPages:
    """The popular movies of each era, and who picks what; passers-by see little but the top."""
    movies, shown = ranked_movies(shape, catalogue, np.array(ERAS), shape.front_page_movies)
    chances = shown[:, :, None]
    chances = chances * np.exp(shape.front_page_taste * affinity[movies].astype(np.float64))
    top = np.exp(-np.arange(movies.shape[1]) / shape.passer_by_places)[None, :, None]
    by_kind = np.concatenate([chances, chances * top]).transpose(0, 2, 1)
    picks = DrawTable.of(by_kind.reshape(-1, movies.shape[1]))
    return FrontPages(movies, affinity.shape[1], picks)


def ranked_movies(
    shape: Shape, catalogue: Catalogue, years: Ints, places: int
) -> tuple[Ints, npt.NDArray[np.float64]]:
    """The movies most in view as each of the years begins, recent ones before old ones.

    Two arrays (years, places): movie indices and how much they are in view. Places are fewer
    where fewer movies are ever rated. Movies not out by then are not among them, unless hardly
    any is out.
    """
    ages = years[:, None] - catalogue.years - 1
    shown = catalogue.weights**shape.front_page_power * np.exp(-np.maximum(ages, 0) / YEARS_SHOWN)
    rated = int((catalogue.weights > 0).sum())
    # What is not out comes after all that is.
    order = np.argsort(np.where(ages >= 0, -shown, 1 - shown / shown.max()), axis=1, kind="stable")
    movies = np.stack([row[catalogue.weights[row] > 0][: min(places, rated)] for row in order])
    return movies, np.take_along_axis(shown, movies, axis=1)


def era_of(times: Ints) -> Ints:
    """Index into ERAS of each Unix time."""
    years = times.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
    return np.maximum(np.searchsorted(np.array(ERAS), years, side="right") - 1, 0)
