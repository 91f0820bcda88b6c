"""The sign-up lists of MovieLens's first year, which new users read from the top.

In ml-latest-small the hundred most similar pairs of users (Jaccard .46 to .70) all joined between
March 1996 and spring 1997, weeks apart, and rated page after page of one list in the same order:
until autumn 1996 mostly from "Apollo 13" and "Batman" on, later from "Twelve Monkeys" on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.catalogue import Catalogue
from movierec_synthetic.front_page import most_visible_movies
from movierec_synthetic.spec import FIRST_SECOND, Floats, Ints, Shape

# When the first list appears, when the second one replaces it (1996-11-01), and when that ends
# (1997-04-01).
LIST_CHANGES = (FIRST_SECOND, 846_806_400, 859_852_800)
LISTS = len(LIST_CHANGES) - 1


@dataclass(frozen=True)
class SignUpLists:
    """The lists, `movies` int64 (lists, places), and who rates which of their movies.

    `affinity` float64 (lists, places, archetypes) is the archetypes' affinity to those movies.
    """

    shape: Shape
    movies: Ints
    affinity: Floats

    def readers(self, counts: Ints, starts: Ints, rng: np.random.Generator) -> Ints:
        """Users, rising, who read a list: the share `sign_up_readers` of those who could.

        Users with fewer than `sign_up_ratings` ratings could not. A shape without readers draws
        no random number.
        """
        if not self.shape.sign_up_readers:
            return np.empty(0, dtype=np.int64)
        could = (counts >= self.shape.sign_up_ratings) & (starts < LIST_CHANGES[-1])
        return np.flatnonzero(could & (rng.random(len(counts)) < self.shape.sign_up_readers))

    def ratings(
        self, readers: Ints, starts: Ints, mixture: Floats, rng: np.random.Generator
    ) -> tuple[Ints, Ints, Ints]:
        """What each reader would rate of the whole list, by reader, then place.

        Three arrays: user, place from 0, movie index. `starts` and `mixture` hold all users.
        """
        which = np.searchsorted(np.array(LIST_CHANGES), starts[readers], side="right") - 1
        which = np.clip(which, 0, LISTS - 1)
        # For every list, as readers are few; einsum gives the same digits everywhere.
        tastes = np.einsum("rk,lpk->lrp", mixture[readers], self.affinity)
        taste = tastes[which, np.arange(len(readers))]
        places = np.arange(self.movies.shape[1])
        known = self.shape.sign_up_known
        logit = np.log(known / (1 - known)) - places / self.shape.sign_up_fade
        probability = 1 / (1 + np.exp(-logit - self.shape.sign_up_taste * taste))
        row, place = np.nonzero(rng.random(probability.shape) < probability)
        return readers[row], place, self.movies[which[row], place]


def make_sign_up_lists(
    shape: Shape, catalogue: Catalogue, affinity: npt.NDArray[np.float32]
) -> SignUpLists:
    """The most visible movies of 1996, distributed to the lists in turn."""
    places = LISTS * shape.sign_up_movies
    visible = most_visible_movies(shape, catalogue, np.array([1996]), places)[0].ravel()
    movies = visible[: len(visible) // LISTS * LISTS].reshape(-1, LISTS).T
    return SignUpLists(shape, movies, affinity[movies].astype(np.float64))
