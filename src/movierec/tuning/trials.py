"""Runs trials of ALS: fit on train, rank all unseen movies, measure on validation."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pyspark.sql import DataFrame

from movierec.config.schema import Config, Feedback
from movierec.data.sampling import sample_users
from movierec.evaluation.metrics import relevant_movies
from movierec.evaluation.validation import evaluate_factors
from movierec.models import als
from movierec.models.als import AlsParams, Factors
from movierec.ranking.recommend import movie_lists
from movierec.spark.jvm import free_unreferenced
from movierec.tuning.search import Trial


@dataclass
class _Sample:
    """What the trials on one fraction of the users share, kept in memory."""

    fraction: float
    train: DataFrame
    validation: DataFrame
    seen: DataFrame
    relevant: DataFrame
    values: dict[Feedback | None, DataFrame] = field(default_factory=dict)
    """`als_values` of one feedback at a time: grids keep equal feedback together."""

    def unpersist(self) -> None:
        values = self.values.values()
        for frame in (self.train, self.validation, self.seen, self.relevant, *values):
            frame.unpersist()


class TrialRunner:
    """Runs trials, and keeps in memory what the next one can use.

    It also keeps the factors of the best explicit and of the best implicit trial on all users, so
    that a winner need not be fitted again. Close it to free that memory.
    """

    def __init__(self, *, train: DataFrame, validation: DataFrame, config: Config) -> None:
        self._train = train
        self._validation = validation
        self._config = config
        self._sample: _Sample | None = None
        self._best: dict[bool, tuple[Trial, Factors]] = {}

    def __call__(self, params: AlsParams, user_fraction: float) -> Trial:
        """Run one trial."""
        started = time.monotonic()
        sample = self._sampled(user_fraction)
        model = self._fit(params, sample)
        factors = als.factors_of(model)
        metrics = evaluate_factors(
            factors.users,
            movie_factors=factors.movies,
            seen=sample.seen,
            relevant=sample.relevant,
            k=self._config.evaluation.k,
        )
        rmse = als.collect_rmse(model, heldout=sample.validation) if params.explicit else None
        trial = Trial(
            params=params,
            user_fraction=user_fraction,
            metrics=metrics,
            rmse=rmse,
            seconds=round(time.monotonic() - started, 3),
        )
        metric = self._config.tuning.metric
        best = self._best.get(params.explicit)
        if user_fraction == 1.0 and (best is None or metrics[metric] > best[0].metrics[metric]):
            self._best[params.explicit] = (trial, factors)
        del model, factors
        free_unreferenced(self._train.sparkSession)
        return trial

    def factors(self, params: AlsParams) -> Factors:
        """Return the factors of these parameters on all users; fit them if they are not kept."""
        best = self._best.get(params.explicit)
        if best is not None and best[0].params == params:
            return best[1]
        return als.factors_of(self._fit(params, self._sampled(1.0)))

    def close(self) -> None:
        """Free the memory."""
        self._best.clear()
        self._free_sample()

    def _fit(self, params: AlsParams, sample: _Sample) -> als.Model:
        if params.feedback not in sample.values:
            for other in sample.values.values():
                other.unpersist()
            values = als.als_values(sample.train, feedback=params.feedback, config=self._config)
            sample.values = {params.feedback: values.persist()}
        return als.fit_als(sample.values[params.feedback], params=params, config=self._config.als)

    def _free_sample(self) -> None:
        if self._sample is not None:
            self._sample.unpersist()
            self._sample = None

    def _sampled(self, fraction: float) -> _Sample:
        if self._sample is None or self._sample.fraction != fraction:
            self._free_sample()
            seed = self._config.tuning.seed
            train, validation = (
                ratings.transform(sample_users, fraction=fraction, seed=seed).persist()
                for ratings in (self._train, self._validation)
            )
            relevant_rating = self._config.evaluation.relevant_rating
            relevant = relevant_movies(validation, relevant_rating=relevant_rating)
            self._sample = _Sample(
                fraction=fraction,
                train=train,
                validation=validation,
                seen=movie_lists(train).persist(),
                relevant=movie_lists(relevant).persist(),
            )
        return self._sample
