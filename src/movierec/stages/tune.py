"""Tune ALS and EASE by the quality of their lists on validation, never by RMSE."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

from movierec.data import datasets
from movierec.models.als import AlsParams, with_block_counts
from movierec.models.names import ALS, ALS_EXPLICIT, EASE
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.spark import blas
from movierec.splitting.splits import TRAIN, VALIDATION
from movierec.stages.inputs import TUNED_FACTORS, count_ratings, write_factors
from movierec.stages.trial_cache import TrialCache
from movierec.tuning.ease_trials import EaseTrials
from movierec.tuning.search import (
    Params,
    Trial,
    at_edges,
    best,
    ease_grid,
    explicit_grid,
    implicit_grid,
    planned_trials,
    search,
)
from movierec.tuning.trials import TrialRunner


def run(context: Context) -> None:
    """Search the grids of all models, and write trials, winners and the factors of ALS's."""
    context.say(blas.describe(context.spark))
    config = context.config.tuning
    engines = f"trials by {config.engine}, reported fits by {context.config.als.engine}"
    context.say(f"ALS: {engines}")
    grids = {ALS: implicit_grid(config), ALS_EXPLICIT: explicit_grid(config)}
    n_users = context.input(dag.PARTITION).manifest.facts["audit"]["users"][TRAIN]
    planned = [
        fraction
        for grid in grids.values()
        for fraction in planned_trials(len(grid), config=config, n_users=n_users)
    ]
    grid_of_ease = ease_grid(config)
    planned += [1.0] * len(grid_of_ease)
    train = context.read(datasets.SPLIT_RATINGS, split=TRAIN)
    validation = context.read(datasets.SPLIT_RATINGS, split=VALIDATION)
    counted = with_block_counts(context.config, n_ratings=count_ratings(context))
    runner = TrialRunner(train=train, validation=validation, config=counted)
    of_ease = EaseTrials(train=train, validation=validation, config=counted)
    cache = TrialCache(context, planned=planned)
    winners = {}

    def run_als(params: AlsParams, fraction: float) -> Trial:
        return cache.run(params, fraction, partial(runner, params, fraction))

    with context.step("trials", of=len(planned)):
        for model, grid in grids.items():
            trials = search(grid, config=config, n_users=n_users, run=run_als)
            winners[model] = _winner(context, trials, grid)
        trials = [cache.run(params, 1.0, partial(of_ease, params)) for params in grid_of_ease]
        winners[EASE] = _winner(context, trials, grid_of_ease)
    of_ease.close()
    with context.step("write factors"):
        for model in grids:
            factors = runner.factors(cast(AlsParams, winners[model].params))
            write_factors(context, factors, TUNED_FACTORS, model=model)
    runner.close()
    context.write_rows(cache.rows(), datasets.TRIALS)
    context.facts["trials"] = cache.rows()
    context.facts["winners"] = {model: trial.row() for model, trial in winners.items()}


def _winner(context: Context, trials: Sequence[Trial], grid: Sequence[Params]) -> Trial:
    """Return the best trial; warn where it lies at an edge of its grid."""
    winner = best(trials, config=context.config.tuning)
    for edge in at_edges(winner.params, grid):
        model = winner.params.model
        context.warn(f"of the winner of {model}, {edge}: widen tuning.* to be sure")
    return winner
