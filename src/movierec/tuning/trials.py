"""Runs trials of ALS: fit on train, rank all unseen movies, measure on validation."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pyspark.sql import DataFrame

from movierec.config.schema import Config, Engine, Feedback
from movierec.data.sampling import sample_users
from movierec.evaluation.metrics import relevant_movies
from movierec.evaluation.validation import evaluate_factors
from movierec.models import als
from movierec.models.als import AlsParams, Factors
from movierec.models.als_engines import Fits, fit_factors, fits
from movierec.ranking.recommend import movie_lists
from movierec.spark.jvm import free_unreferenced
from movierec.tuning.search import Trial, trial_engine


@dataclass
class _Sample:
    """What the trials on one fraction of the users share, kept in memory."""

    fraction: float
    train: DataFrame
    validation: DataFrame
    seen: DataFrame
    relevant: DataFrame
    fits: dict[Feedback | None, Fits] = field(default_factory=dict)
    """Of one feedback at a time: grids keep equal feedback together."""

    def close(self) -> None:
        for own in self.fits.values():
            own.close()
        for frame in (self.train, self.validation, self.seen, self.relevant):
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
        if user_fraction == 1.0 and self._engine(params) == self._config.als.engine:
            metric = self._config.tuning.metric
            best = self._best.get(params.explicit)
            if best is None or metrics[metric] > best[0].metrics[metric]:
                self._best[params.explicit] = (trial, factors)
        del model, factors
        free_unreferenced(self._train.sparkSession)
        return trial

    def factors(self, params: AlsParams) -> Factors:
        """Return the factors of these parameters on all users, by the engine of `als.engine`.

        They are fitted unless a trial by that engine left them.
        """
        best = self._best.get(params.explicit)
        if best is not None and best[0].params == params:
            return best[1]
        return fit_factors(self._sampled(1.0).train, params=params, config=self._config)

    def close(self) -> None:
        """Free the memory."""
        self._best.clear()
        self._free_sample()

    def _fit(self, params: AlsParams, sample: _Sample) -> als.Model:
        feedback, engine = params.feedback, self._engine(params)
        if feedback not in sample.fits:
            for other in sample.fits.values():
                other.close()
            made = fits(sample.train, feedback=feedback, config=self._config, engine=engine)
            sample.fits = {feedback: made}
        return sample.fits[feedback].fit(params)

    def _engine(self, params: AlsParams) -> Engine:
        return trial_engine(params, self._config)

    def _free_sample(self) -> None:
        if self._sample is not None:
            self._sample.close()
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
