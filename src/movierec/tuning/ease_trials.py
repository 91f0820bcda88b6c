"""Runs trials of EASE: fit on train, rank all unseen movies, measure on validation."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from pyspark.sql import DataFrame

from movierec.config.schema import Config, EaseFeedback
from movierec.data.arrays import Floats
from movierec.evaluation.metrics import relevant_movies
from movierec.evaluation.validation import evaluate_hits
from movierec.models.ease import Ease, EaseParams, solve_weights
from movierec.models.ease_fit import MovieIds, collect_by_popularity, collect_gram
from movierec.models.ease_lists import rated_movies, recommend_by_ease, share
from movierec.ranking.recommend import movie_lists
from movierec.tuning.search import Trial


@dataclass
class _Data:
    """What all trials share; the frames are kept in memory."""

    train: DataFrame
    rated: DataFrame
    relevant: DataFrame
    ids: MovieIds
    """Of all movies, the most rated first."""
    grams: dict[EaseFeedback, Floats]
    """The Gram matrix of the most movies, of one feedback at a time."""

    def known(self, n: int) -> MovieIds:
        """Return the n most rated movies, rising."""
        return np.sort(self.ids[:n])


class EaseTrials:
    """Runs trials, on all users. Close it to free its memory."""

    def __init__(self, *, train: DataFrame, validation: DataFrame, config: Config) -> None:
        self._train = train
        self._validation = validation
        self._config = config
        self._data: _Data | None = None

    def __call__(self, params: EaseParams) -> Trial:
        """Run one trial. Raises SingularFitError where there is no solution."""
        started = time.monotonic()
        data, evaluation = self._prepared(), self._config.evaluation
        weights = solve_weights(self._gram(data, params), reg_param=params.reg_param)
        shared = share(
            self._train.sparkSession,
            Ease(data.known(params.movies), weights, params, data.ids[params.movies :]),
            relevant_rating=evaluation.relevant_rating,
        )
        hits = data.rated.transform(
            recommend_by_ease, shared=shared, k=evaluation.k, keep_only=data.relevant
        )
        metrics = evaluate_hits(hits, relevant=data.relevant, k=evaluation.k)
        shared.destroy()
        seconds = round(time.monotonic() - started, 3)
        return Trial(params=params, user_fraction=1.0, metrics=metrics, seconds=seconds)

    def close(self) -> None:
        """Free the memory."""
        if self._data is not None:
            for frame in (self._data.train, self._data.rated, self._data.relevant):
                frame.unpersist()
            self._data = None

    def _prepared(self) -> _Data:
        if self._data is None:
            train = self._train.persist()
            relevant = relevant_movies(
                self._validation, relevant_rating=self._config.evaluation.relevant_rating
            )
            self._data = _Data(
                train=train,
                rated=rated_movies(train).persist(),
                relevant=movie_lists(relevant).persist(),
                ids=collect_by_popularity(train),
                grams={},
            )
        return self._data

    def _gram(self, data: _Data, params: EaseParams) -> Floats:
        """Return a copy of the Gram matrix for these parameters."""
        all_ids = data.known(max(self._config.tuning.ease.movies))
        if params.feedback not in data.grams:
            data.grams.clear()
            data.grams[params.feedback] = collect_gram(
                data.train,
                movie_ids=all_ids,
                feedback=params.feedback,
                relevant_rating=self._config.evaluation.relevant_rating,
            )
        own = np.searchsorted(all_ids, data.known(params.movies))
        gram: Floats = data.grams[params.feedback][np.ix_(own, own)]
        return gram
