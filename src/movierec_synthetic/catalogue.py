"""The movies: ids with gaps, years, genres, popularity and quality."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from movierec_synthetic.spec import FIRST_YEAR, LAST_YEAR, SampleSpec, Stream

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Name, share of ml-latest-small's movies that carry it, and how much it adds to a movie's
# standing among the most rated (fitted to the mean ratings per movie of each genre there).
GENRES: tuple[tuple[str, float, float], ...] = (
    ("Action", 0.188, 0.35),
    ("Adventure", 0.130, 0.40),
    ("Animation", 0.063, 0.05),
    ("Children", 0.068, 0.15),
    ("Comedy", 0.386, 0.0),
    ("Crime", 0.123, 0.20),
    ("Documentary", 0.045, -1.0),
    ("Drama", 0.448, 0.0),
    ("Fantasy", 0.080, 0.20),
    ("Film-Noir", 0.009, 0.0),
    ("Horror", 0.100, -0.15),
    ("IMAX", 0.016, 0.6),
    ("Musical", 0.034, 0.05),
    ("Mystery", 0.059, 0.15),
    ("Romance", 0.164, 0.05),
    ("Sci-Fi", 0.101, 0.30),
    ("Thriller", 0.194, 0.20),
    ("War", 0.039, 0.15),
    ("Western", 0.017, 0.05),
)
GENRE_NAMES = tuple(name for name, _, _ in GENRES)
NO_GENRES = "(no genres listed)"
NO_GENRES_SHARE = 0.0035

HIGHEST_SMALL_ID = 193_609
# ml-latest: 288,983 is the highest id of 86,537 movies.
ID_SPREAD = 3.34
# How far quality and popularity go together: the correlation of a movie's mean rating with the
# logarithm of its count in ml-latest-small, among movies with at least 10 ratings.
QUALITY_AND_POPULARITY = 0.4


@dataclass(frozen=True)
class Catalogue:
    """One row a movie, by rising id; all arrays have the length `spec.movies`.

    `ids` int64, `years` int64 (also of movies whose title does not say it), `released` int64
    (first second of the year, UTC), `genres` bool (movies, genres), `weights` float64 (0 for
    the movies that nobody rates), `quality` float64 (standard normal).
    """

    ids: Ints
    years: Ints
    released: Ints
    genres: npt.NDArray[np.bool_]
    weights: Floats
    quality: Floats


def spaced_ids(movies: int, rng: np.random.Generator) -> Ints:
    """Rising ids from 1: the first half dense, the second half spread to the highest."""
    highest = max(min(20 * movies, HIGHEST_SMALL_ID), round(ID_SPREAD * movies))
    gaps = rng.standard_exponential(movies)
    half = movies // 2
    gaps[:half] *= 0.5 * half / max(gaps[:half].sum(), 1e-9)
    rest = highest - movies - 0.5 * half
    gaps[half:] *= rest / gaps[half:].sum()
    skipped = np.floor(np.cumsum(gaps) - gaps[0] + 1e-6).astype(np.int64)
    ids: Ints = 1 + np.arange(movies) + skipped
    return ids


def release_years(movies: int, rng: np.random.Generator) -> Ints:
    """Years by rising id: half of the movies new when they entered the catalogue."""
    added = 1995 + np.linspace(0, 23.9, movies)
    age = np.where(rng.random(movies) < 0.5, 0.0, 23 * rng.standard_exponential(movies))
    return np.clip(np.floor(added - age), FIRST_YEAR, LAST_YEAR).astype(np.int64)


def drawn_genres(movies: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Genres by movie, at least one each but for a few movies with none at all."""
    shares = np.array([share for _, share, _ in GENRES])
    # A movie leans to some genres, so that sets of genres repeat as real ones do.
    genres = rng.random((movies, len(GENRES))) < 0.75 * shares
    main = rng.choice(len(GENRES), size=movies, p=shares / shares.sum())
    genres[np.arange(movies), main] = True
    genres[rng.random(movies) < NO_GENRES_SHARE] = False
    return genres


def first_second(years: Ints) -> Ints:
    """Unix time of each year's first second, UTC."""
    return (years - 1970).astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64)


def make_catalogue(spec: SampleSpec, *, most_rated_by_one: int) -> Catalogue:
    """Draw the movies; at least `most_rated_by_one` of them have a weight above 0."""
    rng = spec.stream(Stream.CATALOGUE)
    ids = spaced_ids(spec.movies, rng)
    years = release_years(spec.movies, rng)
    genres = drawn_genres(spec.movies, rng)
    standing = rng.standard_normal(spec.movies)
    standing += 1.1 * np.exp(-(((years - 1995) / 11.0) ** 2))
    standing += (genres * np.array([bonus for _, _, bonus in GENRES])).sum(axis=1)
    # Weights are quantiles, not draws: every seed has the same most popular movie's weight.
    ranks = np.argsort(np.argsort(-standing, kind="stable"), kind="stable")
    quantile = NormalDist().inv_cdf
    deviates = np.array([quantile(1 - (i + 0.5) / spec.movies) for i in range(spec.movies)])
    by_rank = np.exp(spec.shape.popularity_sigma * deviates)
    # Without a level the first movie of a large catalogue would be rated by nearly everyone.
    level = 2 * by_rank[int(spec.shape.popularity_head * spec.movies)]
    weights = (by_rank / (1 + by_rank / level))[ranks]
    shared = QUALITY_AND_POPULARITY
    quality = shared * deviates[ranks] + (1 - shared**2) ** 0.5 * rng.standard_normal(spec.movies)
    unrated = min(round(spec.shape.unrated * spec.movies), spec.movies - most_rated_by_one)
    weights[rng.choice(spec.movies, size=unrated, replace=False)] = 0.0
    return Catalogue(ids, years, first_second(years), genres, weights, quality)
