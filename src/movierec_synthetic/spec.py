"""The specification of a generated archive: sizes, seed and the shape of its distributions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from movierec.errors import ConfigError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# The span of ml-latest-small, in Unix seconds: 1996-03-29 to 2018-09-24.
FIRST_SECOND = 828_057_600
LAST_SECOND = 1_537_747_200
# MovieLens has half stars since 2003-02-18; no earlier rating has one.
HALF_STARS_SINCE = 1_045_526_400
FIRST_YEAR, LAST_YEAR = 1902, 2018

# Far above any archive; movie_sampler.py packs movie indices into 22 bits, and two billion ratings
# take 18 GB.
MAX_USERS, MAX_MOVIES, MAX_RATINGS = 10_000_000, 4_000_000, 2_000_000_000
# Users drawn from one random stream. Constant, because it decides which numbers a user gets.
BLOCK_USERS = 1024


Stream = IntEnum(
    "Stream",
    "ACTIVITY CATALOGUE TITLES TASTES USERS TIMES MOVIES PLANTING UNRATED STARS TAGS GENOME LINKS "
    "REFERRALS",
    start=0,
)
"""The independent random streams of an archive, one per kind of draw; numbers decide the draws."""


@dataclass(frozen=True)
class Shape:
    """Parameters of the distributions; the defaults imitate ml-latest-small.

    Activity: the quantiles of the lighter users are linear between `activity_knots`, pairs of a
    share of the users and the ratings of the user at that share, both rising. The other users
    have a floor plus a log-normal of log-deviation `activity_sigma`, cut at the share
    `max_activity` of the movies and scaled to the mean that the sizes imply. The floor is the
    last knot, or `min_ratings_per_user` without knots, and at most the mean.
    `min_ratings_per_user` holds for all users.
    Popularity: a movie's weight is log-normal of log-deviation `popularity_sigma` and saturates
    at twice the weight of the last movie of the share `popularity_head`; the share `unrated` of
    the movies is never rated.
    Choice: a user mixes the `archetypes` by a Dirichlet of concentration `mixing` each, or has a
    single one if that is 0: groups of known tastes. An archetype multiplies a movie's weight by
    exp(`taste_in_choice` · affinity). A user's n-th draw is, with probability `front_page` ·
    exp(-n / `front_page_ratings`), from the page that new users of the time see:
    `front_page_movies` recent and popular movies, drawn by weight to the power `front_page_power`
    and by taste with the strength `front_page_taste`.
    Arrival: the share `pioneers` · exp(-`pioneer_decline` · ratings / 100) of the users arrive in
    the first year; the others arrive uniformly over all years.
    Sign-up: of the users with `sign_up_ratings` or more who arrive while there are sign-up lists,
    the share `sign_up_readers` read their list of `sign_up_movies` from the top before they draw.
    They rate the movie in place n, from 0, with the log-odds of `sign_up_known`, minus
    n / `sign_up_fade`, plus `sign_up_taste` · affinity, until they have rated enough. Users with
    fewer ratings, passers-by, take a first movie from the front page with probabilities that
    fall by the factor e every `passer_by_places` places.
    Referrals: groups of users with equal sets, each given by its movies and its share of users.
    Stars: relative deviations of user bias, movie quality, taste and noise.
    Tags and genome: sizes in proportion to the ratings and the movies.
    """

    min_ratings_per_user: int = 20
    activity_knots: tuple[tuple[float, float], ...] = ()
    activity_sigma: float = 1.45
    max_activity: float = 0.277
    popularity_sigma: float = 1.9
    popularity_head: float = 0.0005
    unrated: float = 0.002
    archetypes: int = 12
    mixing: float = 0.05
    taste_in_choice: float = 1.5
    front_page: float = 0.6
    front_page_movies: int = 100
    front_page_power: float = 0.85
    front_page_ratings: float = 100.0
    front_page_taste: float = 1.2
    pioneers: float = 0.15
    pioneer_decline: float = 0.0
    sign_up_ratings: int = 0
    sign_up_readers: float = 0.0
    sign_up_movies: int = 200
    sign_up_known: float = 0.65
    sign_up_fade: float = 150.0
    sign_up_taste: float = 0.5
    passer_by_places: float = 3.3
    referrals: tuple[tuple[int, float], ...] = ()
    user_bias: float = 0.42
    movie_quality: float = 0.42
    taste_in_stars: float = 0.45
    noise: float = 0.70
    tags_per_rating: float = 0.0365
    genome_movies: float = 0.189
    genome_tags_per_movie: float = 0.01303


LATEST_SMALL = Shape()
# ml-latest: quartiles 15/31/98 and a maximum of 33,332 ratings per user, 83,200 of 86,537 movies
# rated, 320,667 distinct sets of 330,975 users. Above 20 ratings the knots, and the pioneers by
# activity, follow ml-latest-small, a sample of those users.
_KNOTS = ((0.0, 1), (0.027, 2), (0.245, 15), (0.375, 20), (0.5, 31), (0.625, 53), (0.75, 98))
LATEST = Shape(
    min_ratings_per_user=1,
    activity_knots=_KNOTS,
    activity_sigma=1.4,
    max_activity=0.385,
    popularity_sigma=2.9,
    popularity_head=0.002,
    unrated=0.0385,
    front_page=0.8,
    pioneers=0.28,
    pioneer_decline=0.5,
    sign_up_ratings=15,
    sign_up_readers=0.9,
    referrals=((5, 0.0007), (3, 0.00024), (10, 0.0001), (7, 0.00006)),
    tags_per_rating=0.0688,
    genome_movies=16_376 / 86_537,
)
SHAPES = {"small": LATEST_SMALL, "full": LATEST}
# Users, movies and ratings of the archive that each shape imitates.
SIZES = {"small": (610, 9_742, 100_836), "full": (330_975, 86_537, 33_832_162)}


@dataclass(frozen=True)
class SampleSpec:
    """Sizes, seed and shape of an archive; equal specs give equal archives.

    `twins` and `duplicates` are numbers of planted user pairs, by default one pair per 40 users
    (at most 200) and one per 150 (at most 50), or as many as the users allow. Raises ConfigError,
    with all problems, for sizes that contradict each other.
    """

    users: int
    movies: int
    ratings: int
    seed: int
    shape: Shape = field(default=LATEST_SMALL)
    twins: int | None = None
    duplicates: int | None = None

    def __post_init__(self) -> None:
        """Refuse sizes that contradict each other."""
        problems = []
        for name, most in (("users", MAX_USERS), ("movies", MAX_MOVIES), ("ratings", MAX_RATINGS)):
            if not 1 <= (size := getattr(self, name)) <= most:
                problems.append(f"{name} is {size}: give 1 to {most}")
        for name in ("twins", "duplicates", "seed"):
            number = getattr(self, name)
            if number is not None and number < 0:
                problems.append(f"{name} is {number}: give 0 or more")
        floor = self.shape.min_ratings_per_user
        if floor < 1:
            problems.append(f"min_ratings_per_user is {floor}: give at least 1")
        if not problems and self.ratings > self.users * self.movies:
            problems.append(
                f"ratings is {self.ratings}, but {self.users} users can rate {self.movies} movies"
                f" only {self.users * self.movies} times: give fewer ratings"
            )
        if not problems and self.ratings < self.users:
            problems.append(
                f"ratings is {self.ratings}, fewer than the {self.users} users, each of whom"
                f" rates at least one movie: give at least {self.users}"
            )
        if problems:
            raise ConfigError(problems)

    @property
    def twin_pairs(self) -> int:
        """Pairs of twins to plant at most."""
        return min(self.users // 40, 200) if self.twins is None else self.twins

    @property
    def duplicate_pairs(self) -> int:
        """Pairs of duplicate accounts to plant at most."""
        return min(self.users // 150, 50) if self.duplicates is None else self.duplicates

    @property
    def blocks(self) -> list[tuple[int, int]]:
        """Half-open ranges of users, each with its own random streams."""
        edges = range(0, self.users, BLOCK_USERS)
        return [(first, min(first + BLOCK_USERS, self.users)) for first in edges]

    def stream(self, stream: Stream, block: int = 0) -> np.random.Generator:
        """The generator of one stream and block, independent of all other draws."""
        # Equal to a child of SeedSequence(seed).spawn(), addressed by its spawn key.
        sequence = np.random.SeedSequence(self.seed, spawn_key=(int(stream), block))
        return np.random.Generator(np.random.PCG64(sequence))
