"""Which movies a user rates: draws without replacement, weighted by taste."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movierec_synthetic.catalogue import Catalogue
from movierec_synthetic.categorical import CategoricalSampler
from movierec_synthetic.front_page import FrontPages, era_indices, make_front_pages
from movierec_synthetic.sign_up import SignUpLists, make_sign_up_lists
from movierec_synthetic.spec import Floats, Ints, Shape
from movierec_synthetic.tastes import Tastes

# Above this share of the catalogue, draws with replacement mostly repeat movies.
MAX_LIGHT_SHARE = 0.03
MAX_ROUNDS = 6
# Bits of a packed (user, position, movie): a block holds fewer than 2^11 users, movie indices stay
# below 2^22, and MAX_ROUNDS cannot make 2^30 draws per user.
MOVIE_BITS, POSITION_BITS = 22, 30
USER_SHIFT = MOVIE_BITS + POSITION_BITS


@dataclass(frozen=True)
class MovieSampler:
    """Draws distinct movies for users whose taste is a mixture of the archetypes of `tastes`.

    Successive sampling: each movie is drawn among those not drawn yet, by the user's
    probabilities. Light users get inverse-CDF draws with replacement, repeats dropped; heavy
    users, and light users who are still short, an exponential race over the whole catalogue.
    Both follow the same distribution, but only the former uses the front page and sign-up lists.
    """

    shape: Shape
    tastes: Tastes
    by_archetype: CategoricalSampler
    front_pages: FrontPages
    sign_up: SignUpLists
    released: Ints

    def sample(
        self, counts: Ints, mixture: Floats, *, starts: Ints, ends: Ints, rng: np.random.Generator
    ) -> Ints:
        """Movie indices, user by user in the order drawn, `counts[i]` distinct ones for user i.

        A user sees the sign-up list and the front page of the time in `starts` and draws from the
        movies released by the time in `ends`. Raises ValueError if those are fewer than the
        user's count.
        """
        movies = len(self.released)
        light = counts <= MAX_LIGHT_SHARE * movies
        kept = self._sample_light_users(np.where(light, counts, 0), mixture, starts, ends, rng)
        users = kept >> USER_SHIFT
        drawn = kept & ((1 << MOVIE_BITS) - 1)
        have = np.bincount(users, minlength=len(counts))
        first = np.cumsum(counts) - counts
        chosen = np.empty(int(counts.sum()), dtype=np.int64)
        chosen[first[users] + rank_per_user(kept)] = drawn
        drawn_first = np.cumsum(have) - have
        for user in np.flatnonzero(have < counts):
            begin, already = first[user], have[user]
            own = drawn[drawn_first[user] : drawn_first[user] + already]
            chosen[begin + already : begin + counts[user]] = self.exponential_race(
                int(counts[user] - already), mixture[user], int(ends[user]), without=own, rng=rng
            )
        return chosen

    def exponential_race(
        self, count: int, mixture: Floats, end: int, *, without: Ints, rng: np.random.Generator
    ) -> Ints:
        """`count` movies released by `end` and not in `without`, in the order drawn.

        Sampling without replacement: the smallest of exponential times with the movies' rates.
        """
        # einsum, not BLAS: as fast here, and the same for any number of threads.
        probabilities = np.einsum("k,km->m", mixture, self.tastes.probabilities)
        probabilities[without] = 0.0
        possible = np.flatnonzero((probabilities > 0) & (self.released <= end))
        if len(possible) < count:
            raise ValueError(f"{count} movies to draw from {len(possible)}")
        arrival = rng.standard_exponential(len(possible)) / probabilities[possible]
        winners = np.argpartition(arrival, count - 1)[:count]
        ordered: Ints = possible[winners[np.argsort(arrival[winners], kind="stable")]]
        return ordered

    def _sample_light_users(
        self, counts: Ints, mixture: Floats, starts: Ints, ends: Ints, rng: np.random.Generator
    ) -> Ints:
        """Packed (user, position, movie), rising, at most `counts[i]` movies for user i."""
        users = len(counts)
        archetypes = CategoricalSampler.from_weights(mixture)
        eras = era_indices(starts)
        passing = counts < self.shape.sign_up_ratings
        kept, position = self._sample_sign_up(counts, mixture, starts, ends, rng)
        have = np.bincount(kept >> USER_SHIFT, minlength=users)
        for round_ in range(MAX_ROUNDS):
            draws = np.where(have < counts, (8 + 3 * (counts - have) // 2) << round_, 0)
            if not draws.any():
                break
            user = np.repeat(np.arange(users), draws)
            at = np.arange(len(user)) - np.repeat(np.cumsum(draws) - draws - position, draws)
            archetype = archetypes.draw(user, rng)
            movie = self.by_archetype.draw(archetype, rng)
            probability = self.shape.front_page * np.exp(-at / self.shape.front_page_ratings)
            front = rng.random(len(user)) < probability
            viewer = user[front]
            movie[front] = self.front_pages.draw(
                eras[viewer], archetype[front], passing[viewer] & (at[front] == 0), rng
            )
            out = self.released[movie] <= ends[user]
            packed = (user << USER_SHIFT) | (at << MOVIE_BITS) | movie
            kept = drop_repeats(np.concatenate([kept, packed[out]]))
            kept = kept[rank_per_user(kept) < counts[kept >> USER_SHIFT]]
            have = np.bincount(kept >> USER_SHIFT, minlength=users)
            position += draws
        return kept

    def _sample_sign_up(
        self, counts: Ints, mixture: Floats, starts: Ints, ends: Ints, rng: np.random.Generator
    ) -> tuple[Ints, Ints]:
        """Packed ratings from the sign-up lists, and each user's next position after the list.

        For a user who needs more movies, the list's places count as draws already made.
        """
        readers = self.sign_up.readers(counts, starts, rng)
        position = np.zeros(len(counts), dtype=np.int64)
        position[readers] = self.sign_up.movies.shape[1]
        user, place, movie = self.sign_up.ratings(readers, starts, mixture, rng)
        packed = (user << USER_SHIFT) | (place << MOVIE_BITS) | movie
        kept = packed[self.released[movie] <= ends[user]]
        return kept[rank_per_user(kept) < counts[kept >> USER_SHIFT]], position


def make_movie_sampler(shape: Shape, catalogue: Catalogue, tastes: Tastes) -> MovieSampler:
    """The sampler for a catalogue and its tastes."""
    pages = make_front_pages(shape, catalogue, tastes.affinity)
    lists = make_sign_up_lists(shape, catalogue, tastes.affinity)
    by_archetype = CategoricalSampler.from_weights(tastes.probabilities)
    return MovieSampler(shape, tastes, by_archetype, pages, lists, catalogue.released)


def drop_repeats(packed: Ints) -> Ints:
    """Packed draws, rising; of a user's draws of the same movie only the first stays."""
    low = (1 << POSITION_BITS) - 1
    user, movie = packed >> USER_SHIFT, packed & ((1 << MOVIE_BITS) - 1)
    at = (packed >> MOVIE_BITS) & low
    by_movie = np.sort((((user << MOVIE_BITS) | movie) << POSITION_BITS) | at)
    new = np.ones(len(by_movie), dtype=bool)
    new[1:] = (by_movie[1:] >> POSITION_BITS) != (by_movie[:-1] >> POSITION_BITS)
    first = by_movie[new]
    pair = first >> POSITION_BITS
    user, movie = pair >> MOVIE_BITS, pair & ((1 << MOVIE_BITS) - 1)
    return np.sort((((user << POSITION_BITS) | (first & low)) << MOVIE_BITS) | movie)


def rank_per_user(packed: Ints) -> Ints:
    """For each of the rising packed draws, the number of the same user's draws before it."""
    user = packed >> USER_SHIFT
    size = np.bincount(user)
    ranks: Ints = np.arange(len(packed)) - (np.cumsum(size) - size)[user]
    return ranks
