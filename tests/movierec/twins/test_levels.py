"""The tests of twins reject a true null as often as they say, and intervals hold what they say.

Ratings are simulated on the real sets and the real twin pairs, so that two users share nothing but
the movies' quality: a user's rating is the user's mean, plus the quality of the movie times how far
this user follows it, plus noise, in half stars.
"""

import zipfile
from dataclasses import dataclass

import numpy as np
import pytest

from movierec.twins.correlation import CommonRatings, agreement
from movierec.twins.pair_statistics import PairValues
from movierec.twins.strangers import Strangers, compare_with_strangers

REPLICATES = 1000
MIN_COMMON = 5


@dataclass
class Archive:
    """The ratings of ml-latest-small by user and movie, and its twins."""

    users: np.ndarray
    movies: np.ndarray
    stars: np.ndarray
    twins: np.ndarray
    """[100, 2]"""

    def __post_init__(self):
        self.n_users, self.n_movies = self.users.max() + 1, self.movies.max() + 1
        self.places = self.users * self.n_movies + self.movies
        self.in_pairs = np.isin(self.users, self.twins)

    def mean_by(self, keys, values, prior=0.0):
        return np.bincount(keys, values) / (np.bincount(keys) + prior)

    def common(self, pairs):
        """Where the two users' ratings of their common movies are, by pair."""
        found = []
        for pair, (a, b) in enumerate(pairs):
            both = np.intersect1d(self.movies[self.users == a], self.movies[self.users == b])
            of_each = [np.searchsorted(self.places, user * self.n_movies + both) for user in (a, b)]
            found.append((np.full(len(both), pair), *of_each))
        return [np.concatenate(part) for part in zip(*found, strict=True)]


@pytest.fixture(scope="module")
def archive(small_archive):
    with zipfile.ZipFile(small_archive) as packed:
        text = packed.read("ml-latest-small/ratings.csv").decode()
    rows = np.loadtxt(text.splitlines(), delimiter=",", skiprows=1, usecols=(0, 1, 2))
    users, movies = (np.unique(rows[:, n], return_inverse=True)[1] for n in (0, 1))
    order = np.lexsort((movies, users))
    users, movies, stars = users[order], movies[order], rows[order, 2]
    rated = np.zeros((users.max() + 1, movies.max() + 1), np.float32)
    rated[users, movies] = 1
    common, sizes = rated @ rated.T, rated.sum(axis=1)
    a, b = np.triu_indices(len(sizes), 1)
    jaccard = (common / (sizes[:, None] + sizes - common))[a, b]
    best = np.lexsort((b, a, -common[a, b], -jaccard))[:100]
    return Archive(users, movies, stars, np.column_stack([a, b])[best])


class Simulation:
    """Ratings under the null, with the parameters of the real ones."""

    def __init__(self, archive, *, spread):
        self.archive, self.spread = archive, spread
        users, movies, stars = archive.users, archive.movies, archive.stars
        quality = np.zeros(archive.n_movies)
        for _ in range(20):
            self.mean = archive.mean_by(users, stars - quality[movies])
            quality = archive.mean_by(movies, stars - self.mean[users], prior=2.5)
        noise = stars - self.mean[users] - quality[movies]
        self.quality, self.noise = quality, np.sqrt(archive.mean_by(users, noise**2))
        variance = (noise**2).mean()
        # what shrinkage took from the qualities: a variance of .45² of movies in all
        self.doubt = np.sqrt(variance / (np.bincount(movies) + variance / 0.45**2))
        centred = quality[movies] - archive.mean_by(users, quality[movies])[users]
        squares = np.bincount(users, centred**2)
        follows = np.bincount(users, centred * stars) / squares
        self.follows = follows.mean()
        by_chance = (np.bincount(users, noise**2) / np.bincount(users) / squares).mean()
        self.follows_sd = np.sqrt(follows.var() - by_chance) if spread else 0.0
        if not spread:
            self.noise[:] = np.sqrt(variance)

    def stars(self, rng):
        archive, users, movies = self.archive, self.archive.users, self.archive.movies
        quality = self.quality + self.doubt * rng.normal(size=archive.n_movies)
        follows = rng.normal(self.follows, self.follows_sd, size=archive.n_users)
        noise = self.noise[users] * rng.normal(size=len(users))
        stars = self.mean[users] + follows[users] * quality[movies] + noise
        return np.clip(np.round(2 * stars) / 2, 0.5, 5)


def strangers_of(archive, stars):
    """`collect_strangers`, in numpy."""
    users, movies = archive.users, archive.movies
    leniency = archive.mean_by(users, stars - archive.mean_by(movies, stars)[movies])
    others = ~archive.in_pairs
    of, values = movies[others], (stars - leniency[users])[others]
    n = np.bincount(of)
    known = np.flatnonzero(n)
    mean, squares = (np.bincount(of, one)[known] / n[known] for one in (values, values**2))
    return Strangers(known, mean, np.maximum(squares - mean**2, 0))


def missing(estimates):
    """The share of the intervals that miss the mean of all estimates."""
    low, high = np.array([one.interval() for one in estimates]).T
    true = np.mean([one.value for one in estimates])
    return np.mean((low > true) | (high < true))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("spread", [False, True], ids=["equal users", "users as they are"])
def test_tests_and_intervals_hold_their_level(archive, spread):
    rng = np.random.default_rng(1 + spread)
    simulation = Simulation(archive, spread=spread)
    at = archive.common(archive.twins)
    p_values, estimates = [], {"twins": [], "random": [], "difference": []}

    def common(n_pairs, at, stars):
        return CommonRatings(n_pairs, at[0], archive.movies[at[1]], stars[at[1]], stars[at[2]])

    for _ in range(REPLICATES):
        stars = simulation.stars(rng)
        twins = common(len(archive.twins), at, stars)
        lead = compare_with_strangers(
            twins, strangers_of(archive, stars), users=archive.twins, min_common=MIN_COMMON
        )
        p_values.append(lead["p_value"])
        drawn = {tuple(sorted(rng.choice(archive.n_users, 2, replace=False))) for _ in range(100)}
        drawn = np.array(sorted(drawn))
        random = common(len(drawn), archive.common(drawn), stars)
        for name, pairs, rated in (("twins", archive.twins, twins), ("random", drawn, random)):
            found = agreement(rated, min_common=MIN_COMMON).pearson
            estimates[name].append(PairValues.defined(pairs, found).estimate())
        estimates["difference"].append(estimates["twins"][-1].minus(estimates["random"][-1]))
    level = np.mean(np.array(p_values) <= 0.05)
    missed = {name: missing(of_name) for name, of_name in estimates.items()}
    print(f"level {level:.3f}, intervals that miss the truth: {missed}")
    assert 0.03 <= level <= 0.07
    assert all(0.03 <= share <= 0.07 for share in missed.values()), missed
