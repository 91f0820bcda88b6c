"""One held-out split, and how each model makes its lists for it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from pyspark import Broadcast
from pyspark.sql import DataFrame

from movierec import als
from movierec.als_params import AlsParams
from movierec.baselines import oracle_lists, random_candidates, random_unseen
from movierec.catalogue import Catalogue, collect_catalogue
from movierec.columns import USER_ID
from movierec.config import Config
from movierec.popularity import Variant, movie_scores, one_factor, same_for_all
from movierec.recommendations import Kernel, movie_lists, recommend
from movierec.topk import candidates_top_k, unseen_top_k


@dataclass
class Contest:
    """One held-out split and all that its models share. Close it to free its memory."""

    known: DataFrame
    """The ratings to learn from."""
    heldout: DataFrame
    config: Config

    def __post_init__(self) -> None:
        """Keep in memory what every model reads."""
        self.known = self.known.persist()
        unseen = self.config.evaluation.candidates == "unseen"
        self.users = self.known.select(USER_ID).distinct().persist()
        self.movies = movie_lists(self.known if unseen else self.heldout).persist()

    def close(self) -> None:
        """Free the memory."""
        for frame in (self.movies, self.users, self.known):
            frame.unpersist()

    def fit_als(self, params: AlsParams) -> als.Factors:
        """Fit ALS to the known ratings."""
        config = self.config
        values = als.als_input(
            self.known,
            feedback=params.feedback,
            relevant_rating=config.evaluation.relevant_rating,
            pivot=config.tuning.pivot,
        ).transform(als.arranged, config=config.als)
        return als.factors_of(als.fit_als(values, params=params, config=config.als))

    def popularity_factors(self, winner: dict[str, Any]) -> als.Factors:
        """Return the popularity of the known ratings, by the winning variant, as factors."""
        scores = movie_scores(
            self.known,
            variant=Variant(kind=winner["kind"], damping=winner["damping"]),
            relevant_rating=self.config.evaluation.relevant_rating,
            min_ratings=self.config.popularity.min_ratings,
        )
        return als.Factors(users=same_for_all(self.users), movies=one_factor(scores))

    def lists(self, factors: als.Factors) -> DataFrame:
        """Return the lists that the factors make."""
        unseen = self.config.evaluation.candidates == "unseen"
        return self._lists(factors, unseen_top_k if unseen else candidates_top_k)

    def random_lists(self, factors: als.Factors) -> DataFrame:
        """Return the lists that chance makes of the same users and movies."""
        unseen = self.config.evaluation.candidates == "unseen"
        kernel = random_unseen if unseen else random_candidates
        return self._lists(factors, functools.partial(kernel, seed=self.config.evaluation.seed))

    def oracle_lists(self) -> DataFrame:
        """Return the best lists possible."""
        return oracle_lists(
            self.heldout,
            movies=self.known,
            relevant_rating=self.config.evaluation.relevant_rating,
            k=self.config.evaluation.k,
        )

    def _lists(self, factors: als.Factors, kernel: Any) -> DataFrame:
        made: Kernel = functools.partial(kernel, k=self.config.evaluation.k)
        return factors.users.transform(
            recommend, catalogue=self._catalogue(factors), movies=self.movies, kernel=made
        )

    def _catalogue(self, factors: als.Factors) -> Broadcast[Catalogue]:
        context = self.known.sparkSession.sparkContext
        return context.broadcast(collect_catalogue(factors.movies, factors.users))
