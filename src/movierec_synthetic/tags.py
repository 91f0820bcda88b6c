"""Free-text tags by some of the users, and the tag genome of some of the movies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.catalogue import GENRE_NAMES, Catalogue
from movierec_synthetic.history import History
from movierec_synthetic.spec import LAST_SECOND, Ints, SampleSpec, Stream
from movierec_synthetic.tastes import Tastes
from movierec_synthetic.titles import ADJECTIVES, NOUNS

# One user in ten tags, as in ml-latest-small, with very uneven numbers of tags.
TAGGERS = 0.095
TAGGING_SIGMA = 1.6
# Tags that fit a movie; the first ones are the most frequent.
TAGS_PER_MOVIE = 12
GENOME_BLOCK = 256
# Relevance is a multiple of 1/4000.
RELEVANCE_STEPS = 4000

# Tags with commas, quotes and accents: rare, but in every archive of some thousand tags.
ODD_SHARE = 0.012
ODD_TAGS = (
    '"artsy"',
    'so bad it\'s "good"',
    "black and white, silent",
    "based on a book, loosely",
    "café scenes",
    "Ghibli-esque, almost",
    "c'est la vie",
    "naïve hero",
    "B-movie!",
    "100% predictable; 0% fun",
)


def vocabulary() -> list[str]:
    """All tags, without repetition: genres, odd ones, and pairs of words."""
    pairs = [f"{adjective} {noun}".lower() for noun in NOUNS for adjective in ADJECTIVES]
    single = [noun.lower() for noun in NOUNS]
    genres = [name.lower() for name in GENRE_NAMES]
    return list(dict.fromkeys([*genres, *ODD_TAGS, *single, *pairs]))


@dataclass(frozen=True)
class TagApplications:
    """Tags given, by user, movie and tag: int64 indices of each, and Unix times."""

    users: Ints
    movies: Ints
    tags: Ints
    times: Ints


def make_tag_applications(
    spec: SampleSpec, history: History, catalogue: Catalogue, *, tags: int
) -> TagApplications:
    """Draw who tagged which movie with what; each combination once.

    Users tag movies that they rated, shortly after their last rating; every unrated movie has a
    tag, which is why it is in the archive. In total `tags_per_rating` times the ratings, or
    somewhat fewer if repeated draws leave fewer.
    """
    rng = spec.stream(Stream.TAGS)
    wanted = round(spec.shape.tags_per_rating * spec.ratings)
    unrated = np.flatnonzero(np.bincount(history.movies, minlength=spec.movies) == 0)
    wanted_rated = max(0, wanted - len(unrated))
    taggers = rng.choice(spec.users, size=max(1, round(TAGGERS * spec.users)), replace=False)
    counts = np.diff(history.offsets)
    tag_rates = counts[taggers] * np.exp(TAGGING_SIGMA * rng.standard_normal(len(taggers)))
    cumulative = np.cumsum(tag_rates)
    # Repeated draws merge; twice as many usually leave more than needed.
    draws = 2 * wanted_rated + (len(unrated) if wanted else 0)
    at = np.searchsorted(cumulative, rng.random(draws) * cumulative[-1], side="right")
    users = taggers[np.minimum(at, len(taggers) - 1)]
    nth = np.floor(rng.random(draws) * counts[users]).astype(np.int64)
    movies = history.movies[history.offsets[users] + nth].astype(np.int64)
    movies[2 * wanted_rated :] = unrated[: draws - 2 * wanted_rated]
    # The minimum of two draws makes the first tags of a movie the most frequent.
    fit = rng.integers(TAGS_PER_MOVIE, size=(2, draws)).min(axis=0)
    # Multiples of primes give each movie its own fixed tags, scattered over the vocabulary.
    scattered = (movies * 7919 + fit * 104_729) % tags
    tag = np.where(fit == 0, catalogue.genres.argmax(axis=1)[movies], scattered)
    odd = len(GENRE_NAMES) + rng.integers(len(ODD_TAGS), size=draws)
    tag = np.where(rng.random(draws) < ODD_SHARE, odd, tag)
    keys = (users * spec.movies + movies) * tags + tag
    distinct = np.unique(keys[: 2 * wanted_rated])
    kept = rng.choice(distinct, size=min(wanted_rated, len(distinct)), replace=False)
    keys = np.sort(np.concatenate([kept, keys[2 * wanted_rated :]]))
    users, movies, tag = keys // tags // spec.movies, keys // tags % spec.movies, keys % tags
    last = np.maximum.reduceat(history.times, history.offsets[:-1]).astype(np.int64)
    times = np.maximum(last[users], catalogue.released[movies]) + rng.integers(600, size=len(keys))
    return TagApplications(users, movies, tag, np.minimum(times, LAST_SECOND))


def genome_size(spec: SampleSpec) -> tuple[int, int]:
    """Numbers of movies with a genome and of its tags, in ml-latest's proportions, from 1 up."""
    movies = max(1, round(spec.shape.genome_movies * spec.movies))
    tags = max(1, round(spec.shape.genome_tags_per_movie * spec.movies))
    return movies, min(tags, len(vocabulary()))


def genome_relevance(
    spec: SampleSpec, catalogue: Catalogue, tastes: Tastes
) -> Iterator[tuple[Ints, npt.NDArray[np.int16]]]:
    """Movie indices and the relevance of every genome tag, GENOME_BLOCK movies at a time.

    The movies are the most popular ones, by rising index. Relevance is int16 (movies, tags) in
    1 … RELEVANCE_STEPS; it follows the movies' affinities, so similar movies have similar rows.
    """
    movies, tags = genome_size(spec)
    chosen = np.sort(np.argsort(-catalogue.weights, kind="stable")[:movies])
    rng = spec.stream(Stream.GENOME)
    archetypes = tastes.affinity.shape[1]
    loadings = (rng.standard_normal((archetypes, tags)) / np.sqrt(archetypes)).astype(np.float32)
    base = (-2.2 + 0.8 * rng.standard_normal(tags)).astype(np.float32)
    for block, begin in enumerate(range(0, movies, GENOME_BLOCK)):
        some = chosen[begin : begin + GENOME_BLOCK]
        noise = spec.stream(Stream.GENOME, block + 1).standard_normal(
            (len(some), tags), dtype=np.float32
        )
        logit = base + np.einsum("mk,kt->mt", 1.2 * tastes.affinity[some], loadings) + 0.5 * noise
        relevance = np.ceil(RELEVANCE_STEPS / (1 + np.exp(-logit)))
        yield some, np.clip(relevance, 1, RELEVANCE_STEPS).astype(np.int16)
