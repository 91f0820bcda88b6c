"""The movies: ids with gaps, years, genres, popularity and quality."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from movierec_synthetic.spec import FIRST_YEAR, LAST_YEAR, Floats, Ints, SampleSpec, Stream

# Name, share of ml-latest-small's movies with it, and how much it adds to a movie's popularity
# score (fitted to the mean ratings per movie of each genre there).
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
# Between a movie's mean rating and the logarithm of its count in ml-latest-small, among movies
# with at least 10 ratings.
QUALITY_POPULARITY_CORRELATION = 0.4


@dataclass(frozen=True)
class Catalogue:
    """One row per movie, by rising id; all arrays have the length `spec.movies`.

    `ids` int64, `years` int64 (also of movies without a year in their title), `released` int64
    (first second of the year, UTC), `genres` bool (movies, genres), `weights` float64 (0 for
    the movies that nobody rates), `quality` float64 (standard normal).
    """

    ids: Ints
    years: Ints
    released: Ints
    genres: npt.NDArray[np.bool_]
    weights: Floats
    quality: Floats


def draw_ids(movies: int, rng: np.random.Generator) -> Ints:
    """Rising ids from 1: dense in the first half, spread out to the highest in the second."""
    highest = max(min(20 * movies, HIGHEST_SMALL_ID), round(ID_SPREAD * movies))
    gaps = rng.standard_exponential(movies)
    half = movies // 2
    gaps[:half] *= 0.5 * half / max(gaps[:half].sum(), 1e-9)
    rest = highest - movies - 0.5 * half
    gaps[half:] *= rest / gaps[half:].sum()
    skipped = np.floor(np.cumsum(gaps) - gaps[0] + 1e-6).astype(np.int64)
    ids: Ints = 1 + np.arange(movies) + skipped
    return ids


def draw_years(movies: int, rng: np.random.Generator) -> Ints:
    """Years by rising id; half of the movies are new when they enter the catalogue."""
    added = 1995 + np.linspace(0, 23.9, movies)
    age = np.where(rng.random(movies) < 0.5, 0.0, 23 * rng.standard_exponential(movies))
    return np.clip(np.floor(added - age), FIRST_YEAR, LAST_YEAR).astype(np.int64)


def draw_genres(movies: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Genres per movie: at least one each, except for a few movies without any."""
    shares = np.array([share for _, share, _ in GENRES])
    # One main genre per movie, so that sets of genres repeat as real ones do.
    genres = rng.random((movies, len(GENRES))) < 0.75 * shares
    main = rng.choice(len(GENRES), size=movies, p=shares / shares.sum())
    genres[np.arange(movies), main] = True
    genres[rng.random(movies) < NO_GENRES_SHARE] = False
    return genres


def start_of_year(years: Ints) -> Ints:
    """Unix time of each year's first second, UTC."""
    return (years - 1970).astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64)


def make_catalogue(spec: SampleSpec, *, most_rated_by_one: int) -> Catalogue:
    """Draw the movies; at least `most_rated_by_one` of them have a weight above 0."""
    rng = spec.stream(Stream.CATALOGUE)
    ids = draw_ids(spec.movies, rng)
    years = draw_years(spec.movies, rng)
    genres = draw_genres(spec.movies, rng)
    score = rng.standard_normal(spec.movies)
    score += 1.1 * np.exp(-(((years - 1995) / 11.0) ** 2))
    score += (genres * np.array([bonus for _, _, bonus in GENRES])).sum(axis=1)
    # Weights are quantiles, not draws: the highest weight is the same under every seed.
    ranks = np.argsort(np.argsort(-score, kind="stable"), kind="stable")
    quantile = NormalDist().inv_cdf
    deviates = np.array([quantile(1 - (i + 0.5) / spec.movies) for i in range(spec.movies)])
    by_rank = np.exp(spec.shape.popularity_sigma * deviates)
    # Otherwise nearly everyone would rate the first movie of a large catalogue.
    level = 2 * by_rank[int(spec.shape.popularity_head * spec.movies)]
    weights = (by_rank / (1 + by_rank / level))[ranks]
    correlation = QUALITY_POPULARITY_CORRELATION
    noise = (1 - correlation**2) ** 0.5 * rng.standard_normal(spec.movies)
    quality = correlation * deviates[ranks] + noise
    unrated = min(round(spec.shape.unrated * spec.movies), spec.movies - most_rated_by_one)
    weights[rng.choice(spec.movies, size=unrated, replace=False)] = 0.0
    return Catalogue(ids, years, start_of_year(years), genres, weights, quality)
