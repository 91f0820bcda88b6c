"""How each model makes its lists for a held-out split."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from pyspark import Broadcast
from pyspark.sql import DataFrame

from movierec.config.schema import Config
from movierec.data.columns import MOVIE_ID, USER_ID
from movierec.models.als import AlsParams, Factors
from movierec.models.als_engines import fit_factors
from movierec.models.baselines import oracle_lists, random_candidates, random_unseen
from movierec.models.ease import Ease, EaseParams
from movierec.models.ease_fit import fit_ease
from movierec.models.ease_lists import (
    Shared,
    rated_movies,
    recommend_by_ease,
    share,
    users_with_list,
)
from movierec.models.fallback import active_users, known_users
from movierec.models.popularity import Variant, popularity_factors
from movierec.ranking.catalogue import Catalogue, collect_catalogue
from movierec.ranking.recommend import Kernel, movie_lists, recommend
from movierec.ranking.topk import candidates_top_k, unseen_top_k


@dataclass
class Recommenders:
    """A held-out split and what its models share. Close it to free its memory."""

    train: DataFrame
    """The ratings to learn from."""
    heldout: DataFrame
    config: Config

    def __post_init__(self) -> None:
        """Keep in memory what every model reads."""
        self.train = self.train.persist()
        # include cold users: popularity and random lists can serve them
        held_out = self.heldout.select(USER_ID)
        self.users = self.train.select(USER_ID).unionByName(held_out).distinct().persist()
        if self.config.evaluation.candidates == "unseen":
            self._best, self._random = unseen_top_k, random_unseen
            movies = self.train
        else:
            self._best, self._random = candidates_top_k, random_candidates
            movies = self.heldout
        self.movies_by_user = movie_lists(movies).persist()
        self._catalogues: dict[Factors, Broadcast[Catalogue]] = {}
        self._shared: list[Broadcast[Shared]] = []

    def close(self) -> None:
        """Free the memory. Lists that are not written yet cannot be computed afterwards."""
        for frame in (self.movies_by_user, self.users, self.train):
            frame.unpersist()
        for catalogue in self._catalogues.values():
            catalogue.destroy()
        for shared in self._shared:
            shared.destroy()
        self._catalogues.clear()
        self._shared.clear()

    def fit_als(self, params: AlsParams) -> Factors:
        """Fit ALS to train."""
        return fit_factors(self.train, params=params, config=self.config)

    def fit_ease(self, params: EaseParams) -> Ease:
        """Fit EASE to train."""
        relevant_rating = self.config.evaluation.relevant_rating
        return fit_ease(self.train, params=params, relevant_rating=relevant_rating)

    def popularity_factors(self, variant: Variant) -> Factors:
        """Return the variant's factors, for users with a training or held-out rating."""
        return popularity_factors(self.train, users=self.users, variant=variant, config=self.config)

    def lists(self, factors: Factors) -> DataFrame:
        """Return the lists that the factors make."""
        return self._lists(factors, functools.partial(self._best, k=self.config.evaluation.k))

    def share_ease(self, ease: Ease, *, listed: DataFrame | None = None) -> Broadcast[Shared]:
        """Return EASE for `ease_lists`; if there is a frame `listed`, of the movies in it."""
        relevant_rating = self.config.evaluation.relevant_rating
        spark = self.train.sparkSession
        shared = share(spark, ease, relevant_rating=relevant_rating, listed=listed)
        self._shared.append(shared)
        return shared

    def ease_lists(self, shared: Broadcast[Shared], users: DataFrame | None = None) -> DataFrame:
        """Return the lists of EASE; if there is a frame of users, of those alone."""
        evaluation, rated = self.config.evaluation, rated_movies(self.train)
        if users is not None:
            rated = rated.join(users, on=USER_ID, how="left_semi")
        unseen = evaluation.candidates == "unseen"
        return rated.transform(
            recommend_by_ease,
            shared=shared,
            k=evaluation.k,
            candidates=None if unseen else self.movies_by_user,
        )

    def als_users(self, factors: Factors) -> DataFrame:
        """Return the factors of the users whom ALS knows well enough to show them its lists."""
        min_ratings = self.config.deliver.min_ratings
        return known_users(factors.users, ratings=self.train, min_ratings=min_ratings)

    def ease_users(self, ease: Ease) -> DataFrame:
        """Return the user_id of those whom EASE knows well enough."""
        relevant_rating = self.config.evaluation.relevant_rating
        known = users_with_list(self.train, ease=ease, relevant_rating=relevant_rating)
        min_ratings = self.config.deliver.min_ratings
        return known.transform(active_users, ratings=self.train, min_ratings=min_ratings)

    def random_lists(self, factors: Factors) -> DataFrame:
        """Return random lists of the same users and movies."""
        evaluation = self.config.evaluation
        kernel = functools.partial(self._random, k=evaluation.k, seed=evaluation.seed)
        return self._lists(factors, kernel)

    def oracle_lists(self) -> DataFrame:
        """Return the best lists possible."""
        return oracle_lists(
            self.heldout,
            movies=self.train.select(MOVIE_ID).distinct(),
            relevant_rating=self.config.evaluation.relevant_rating,
            k=self.config.evaluation.k,
        )

    def _lists(self, factors: Factors, kernel: Kernel) -> DataFrame:
        return factors.users.transform(
            recommend,
            catalogue=self._catalogue(factors),
            movies=self.movies_by_user,
            kernel=kernel,
        )

    def _catalogue(self, factors: Factors) -> Broadcast[Catalogue]:
        if factors not in self._catalogues:
            context = self.train.sparkSession.sparkContext
            catalogue = collect_catalogue(factors.movies, factors.users)
            self._catalogues[factors] = context.broadcast(catalogue)
        return self._catalogues[factors]
