"""Tune ALS by the quality of its lists on validation, never by RMSE."""

from __future__ import annotations

from movierec.data import datasets
from movierec.models.als import with_block_counts
from movierec.models.names import ALS, ALS_EXPLICIT
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.spark import blas
from movierec.splitting.splits import TRAIN, VALIDATION
from movierec.stages.inputs import TUNED_FACTORS, count_ratings, write_factors
from movierec.stages.trial_cache import TrialCache
from movierec.tuning.search import (
    at_edges,
    best,
    explicit_grid,
    implicit_grid,
    planned_trials,
    search,
)
from movierec.tuning.trials import TrialRunner


def run(context: Context) -> None:
    """Search the grids of both ALS models, and write trials, winners and their factors."""
    context.say(blas.describe(context.spark))
    config = context.config.tuning
    grids = {ALS: implicit_grid(config), ALS_EXPLICIT: explicit_grid(config)}
    n_users = context.input(dag.PARTITION).manifest.facts["audit"]["users"][TRAIN]
    planned = [
        fraction
        for grid in grids.values()
        for fraction in planned_trials(len(grid), config=config, n_users=n_users)
    ]
    runner = TrialRunner(
        train=context.read(datasets.SPLIT_RATINGS, split=TRAIN),
        validation=context.read(datasets.SPLIT_RATINGS, split=VALIDATION),
        config=with_block_counts(context.config, n_ratings=count_ratings(context)),
    )
    cache = TrialCache(context, runner, planned=planned)
    winners = {}
    with context.step("trials", of=len(planned)):
        for model, grid in grids.items():
            trials = search(grid, config=config, n_users=n_users, run=cache.run)
            winners[model] = best(trials, config=config)
            for edge in at_edges(winners[model].params, grid):
                context.warn(f"of the winner of {model}, {edge}: widen tuning.* to be sure")
    with context.step("write factors"):
        for model, winner in winners.items():
            factors = runner.factors(winner.params)
            write_factors(context, factors, TUNED_FACTORS, model=model)
    runner.close()
    context.write_rows(cache.rows(), datasets.TRIALS)
    context.facts["trials"] = cache.rows()
    context.facts["winners"] = {model: trial.row() for model, trial in winners.items()}
