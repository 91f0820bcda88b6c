"""Runs trials of ALS: fit on train, rank all unseen movies, judge on validation."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pyspark.sql import DataFrame

from movierec import als
from movierec.als_params import AlsParams
from movierec.config import Config
from movierec.judging import collect_unseen_metrics
from movierec.metrics import relevant_movies
from movierec.recommendations import movie_lists
from movierec.sampling import sample_users
from movierec.tuning import Trial


@dataclass
class _Sample:
    """What the trials on one fraction of the users share, kept in memory."""

    fraction: float
    train: DataFrame
    validation: DataFrame
    seen: DataFrame
    relevant: DataFrame

    def unpersist(self) -> None:
        for frame in (self.train, self.validation, self.seen, self.relevant):
            frame.unpersist()


class TrialRunner:
    """Runs trials one after another, keeping in memory what the next one can use.

    Close it to free that memory.
    """

    def __init__(self, *, train: DataFrame, validation: DataFrame, config: Config) -> None:
        self._train = train
        self._validation = validation
        self._config = config
        self._sample: _Sample | None = None
        self._values: tuple[AlsParams, DataFrame] | None = None

    def __call__(self, params: AlsParams, user_fraction: float) -> Trial:
        """Run one trial."""
        started = time.monotonic()
        sample = self._sampled(user_fraction)
        model = als.fit_als(
            self._als_values(params, sample), params=params, config=self._config.als
        )
        factors = als.factors_of(model)
        metrics = collect_unseen_metrics(
            factors.users,
            movie_factors=factors.movies,
            seen=sample.seen,
            relevant=sample.relevant,
            k=self._config.evaluation.k,
        )
        rmse = als.collect_rmse(model, heldout=sample.validation) if params.explicit else None
        return Trial(
            params=params,
            user_fraction=user_fraction,
            metrics=metrics,
            rmse=rmse,
            seconds=round(time.monotonic() - started, 3),
        )

    def close(self) -> None:
        """Free the memory."""
        if self._values is not None:
            self._values[1].unpersist()
            self._values = None
        if self._sample is not None:
            self._sample.unpersist()
            self._sample = None

    def _sampled(self, fraction: float) -> _Sample:
        if self._sample is None or self._sample.fraction != fraction:
            self.close()
            seed = self._config.tuning.seed
            train, validation = (
                ratings.transform(sample_users, fraction=fraction, seed=seed).persist()
                for ratings in (self._train, self._validation)
            )
            relevant_rating = self._config.evaluation.relevant_rating
            self._sample = _Sample(
                fraction=fraction,
                train=train,
                validation=validation,
                seen=movie_lists(train).persist(),
                relevant=relevant_movies(validation, relevant_rating=relevant_rating).persist(),
            )
        return self._sample

    def _als_values(self, params: AlsParams, sample: _Sample) -> DataFrame:
        """Return what ALS sees; grids keep equal feedback together, so one is kept at a time."""
        if self._values is None or self._values[0].feedback != params.feedback:
            if self._values is not None:
                self._values[1].unpersist()
            values = sample.train.transform(
                als.als_input,
                feedback=params.feedback,
                relevant_rating=self._config.evaluation.relevant_rating,
                pivot=self._config.tuning.pivot,
            ).transform(als.arranged, config=self._config.als)
            self._values = (params, values.persist())
        return self._values[1]
