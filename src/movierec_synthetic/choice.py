"""Which movies a user rates: draws without replacement, by taste."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.catalogue import Catalogue
from movierec_synthetic.draws import DrawTable
from movierec_synthetic.front_page import FrontPages, era_of, make_front_pages
from movierec_synthetic.sign_up import SignUpLists, make_sign_up_lists
from movierec_synthetic.spec import Shape
from movierec_synthetic.tastes import Tastes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Above this share of the catalogue, drawing with replacement mostly meets movies already drawn.
RACE_SHARE = 0.03
MAX_ROUNDS = 6
# Bits of a packed (user, position, movie): blocks hold fewer than 2^11 users, movie indices stay
# below 2^22, and 2^30 draws a user are more than MAX_ROUNDS can make.
MOVIE_BITS, POSITION_BITS = 22, 30


@dataclass(frozen=True)
class Chooser:
    """Draws distinct movies for users who mix the archetypes of `tastes`.

    Successive sampling: the next movie is drawn by the user's chances among those not drawn
    yet. Light users are served by inverse-CDF draws with replacement, repeats dropped; heavy
    ones, and light ones left over, by an exponential race over the whole catalogue. Both have
    the same law, except that only the former see the front page and the sign-up lists.
    """

    shape: Shape
    tastes: Tastes
    table: DrawTable
    front_pages: FrontPages
    sign_up: SignUpLists
    released: Ints

    def choose(
        self,
        counts: Ints,
        mixture: Floats,
        *,
        starts: Ints,
        ends: Ints,
        rng: np.random.Generator,
    ) -> Ints:
        """Movie indices, user by user in the order drawn, `counts[i]` distinct ones each.

        A user sees the sign-up list and the front page of the user's own second in `starts` and
        draws from the movies released by that in `ends`. Raises ValueError where those are fewer
        than the user's count.
        """
        movies = len(self.released)
        light = counts <= RACE_SHARE * movies
        kept = self._light_draws(np.where(light, counts, 0), mixture, starts, ends, rng)
        users = kept >> (MOVIE_BITS + POSITION_BITS)
        drawn = kept & ((1 << MOVIE_BITS) - 1)
        have = np.bincount(users, minlength=len(counts))
        first = np.cumsum(counts) - counts
        chosen = np.empty(int(counts.sum()), dtype=np.int64)
        rank = np.arange(len(kept)) - (np.cumsum(have) - have)[users]
        chosen[first[users] + rank] = drawn
        drawn_first = np.cumsum(have) - have
        for user in np.flatnonzero(have < counts):
            begin, already = first[user], have[user]
            own = drawn[drawn_first[user] : drawn_first[user] + already]
            chosen[begin + already : begin + counts[user]] = self.race(
                int(counts[user] - already), mixture[user], int(ends[user]), without=own, rng=rng
            )
        return chosen

    def race(
        self, count: int, mixture: Floats, end: int, *, without: Ints, rng: np.random.Generator
    ) -> Ints:
        """`count` movies released by `end` and not in `without`, the likeliest mostly first."""
        # einsum, not BLAS: as fast here, and the same whatever the number of threads.
        chances = np.einsum("k,km->m", mixture, self.tastes.chances)
        chances[without] = 0.0
        possible = np.flatnonzero((chances > 0) & (self.released <= end))
        if len(possible) < count:
            raise ValueError(f"{count} movies to draw from {len(possible)}")
        arrival = rng.standard_exponential(len(possible)) / chances[possible]
        winners = np.argpartition(arrival, count - 1)[:count]
        ordered: Ints = possible[winners[np.argsort(arrival[winners], kind="stable")]]
        return ordered

    def _light_draws(
        self, counts: Ints, mixture: Floats, starts: Ints, ends: Ints, rng: np.random.Generator
    ) -> Ints:
        """Packed (user, position, movie), rising, at most `counts` movies a user."""
        users = len(counts)
        kinds = DrawTable.of(mixture)
        eras = era_of(starts)
        passing = counts < self.shape.sign_up_ratings
        kept, position = self._from_lists(counts, mixture, starts, ends, rng)
        have = np.bincount(kept >> (MOVIE_BITS + POSITION_BITS), minlength=users)
        for round_ in range(MAX_ROUNDS):
            draws = np.where(have < counts, (8 + 3 * (counts - have) // 2) << round_, 0)
            if not draws.any():
                break
            user = np.repeat(np.arange(users), draws)
            at = np.arange(len(user)) - np.repeat(np.cumsum(draws) - draws - position, draws)
            kind = kinds.draw(user, rng)
            movie = self.table.draw(kind, rng)
            chance = self.shape.front_page * np.exp(-at / self.shape.front_page_ratings)
            front = rng.random(len(user)) < chance
            viewer = user[front]
            movie[front] = self.front_pages.draw(
                eras[viewer], kind[front], passing[viewer] & (at[front] == 0), rng
            )
            seen = self.released[movie] <= ends[user]
            packed = (user << (MOVIE_BITS + POSITION_BITS)) | (at << MOVIE_BITS) | movie
            kept = first_draws(np.concatenate([kept, packed[seen]]))
            kept = kept[rank_in_user(kept) < counts[kept >> (MOVIE_BITS + POSITION_BITS)]]
            have = np.bincount(kept >> (MOVIE_BITS + POSITION_BITS), minlength=users)
            position += draws
        return kept

    def _from_lists(
        self, counts: Ints, mixture: Floats, starts: Ints, ends: Ints, rng: np.random.Generator
    ) -> tuple[Ints, Ints]:
        """Packed ratings from the sign-up lists, and the position at which each user goes on.

        Who has not rated enough at the list's end goes on as if the list had been drawn.
        """
        readers = self.sign_up.readers(counts, starts, rng)
        position = np.zeros(len(counts), dtype=np.int64)
        position[readers] = self.sign_up.movies.shape[1]
        user, place, movie = self.sign_up.ratings(readers, starts, mixture, rng)
        packed = (user << (MOVIE_BITS + POSITION_BITS)) | (place << MOVIE_BITS) | movie
        kept = packed[self.released[movie] <= ends[user]]
        return kept[rank_in_user(kept) < counts[kept >> (MOVIE_BITS + POSITION_BITS)]], position


def make_chooser(shape: Shape, catalogue: Catalogue, tastes: Tastes) -> Chooser:
    """The chooser for a catalogue and its tastes."""
    pages = make_front_pages(shape, catalogue, tastes.affinity)
    lists = make_sign_up_lists(shape, catalogue, tastes.affinity)
    return Chooser(shape, tastes, DrawTable.of(tastes.chances), pages, lists, catalogue.released)


def first_draws(packed: Ints) -> Ints:
    """Packed draws without a user's later draws of the same movie, rising."""
    low = (1 << POSITION_BITS) - 1
    user, movie = packed >> (MOVIE_BITS + POSITION_BITS), packed & ((1 << MOVIE_BITS) - 1)
    at = (packed >> MOVIE_BITS) & low
    by_movie = np.sort((((user << MOVIE_BITS) | movie) << POSITION_BITS) | at)
    new = np.ones(len(by_movie), dtype=bool)
    new[1:] = (by_movie[1:] >> POSITION_BITS) != (by_movie[:-1] >> POSITION_BITS)
    first = by_movie[new]
    pair = first >> POSITION_BITS
    user, movie = pair >> MOVIE_BITS, pair & ((1 << MOVIE_BITS) - 1)
    return np.sort((((user << POSITION_BITS) | (first & low)) << MOVIE_BITS) | movie)


def rank_in_user(packed: Ints) -> Ints:
    """How many draws of the same user stand before each of the rising packed draws."""
    user = packed >> (MOVIE_BITS + POSITION_BITS)
    size = np.bincount(user)
    ranks: Ints = np.arange(len(packed)) - (np.cumsum(size) - size)[user]
    return ranks
