"""Which parameters to try, and in what order: the search strategies over a grid."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from movierec.config.schema import TuningConfig
from movierec.data.columns import METRICS
from movierec.models.als import AlsParams


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A fit and its metrics on validation, for a share of the users."""

    params: AlsParams
    user_fraction: float
    metrics: dict[str, float]
    rmse: float | None
    """In stars, of explicit ALS only."""
    seconds: float

    def facts(self) -> dict[str, Any]:
        """Return what the fit found, as JSON holds it."""
        return {"metrics": self.metrics, "rmse": self.rmse, "seconds": self.seconds}

    @classmethod
    def from_facts(cls, params: AlsParams, user_fraction: float, facts: dict[str, Any]) -> Trial:
        """Return the trial that `facts` were taken from."""
        return cls(params=params, user_fraction=user_fraction, **facts)

    @classmethod
    def failed(cls, params: AlsParams, user_fraction: float) -> Trial:
        """Return the trial of parameters that cannot be fitted: its metrics are 0."""
        metrics = dict.fromkeys(METRICS, 0.0)
        return cls(
            params=params, user_fraction=user_fraction, metrics=metrics, rmse=None, seconds=0.0
        )

    def row(self) -> dict[str, Any]:
        """Return the trial as a row of the `trials` dataset, without its number."""
        return {
            "feedback": self.params.feedback,
            "factor_rank": self.params.rank,
            "reg_param": self.params.reg_param,
            "alpha": self.params.alpha,
            "user_fraction": self.user_fraction,
            **self.metrics,
            "rmse": self.rmse,
            "seconds": self.seconds,
        }

    @staticmethod
    def params_of(row: dict[str, Any]) -> AlsParams:
        """Return the parameters of a row that `row` made."""
        return AlsParams(
            feedback=row["feedback"],
            rank=row["factor_rank"],
            reg_param=row["reg_param"],
            alpha=row["alpha"],
        )


RunTrial = Callable[[AlsParams, float], Trial]
"""Runs the parameters on a fraction of the users."""


def implicit_grid(config: TuningConfig) -> list[AlsParams]:
    """Return every combination of the implicit grid; equal feedback stands together."""
    grid = config.implicit
    return [
        AlsParams(feedback=feedback, rank=rank, reg_param=reg_param, alpha=alpha)
        for feedback, rank, reg_param, alpha in itertools.product(
            grid.feedback, grid.rank, grid.reg_param, grid.alpha
        )
    ]


def explicit_grid(config: TuningConfig) -> list[AlsParams]:
    """Return every combination of the explicit grid."""
    grid = config.explicit
    return [
        AlsParams(feedback=None, rank=rank, reg_param=reg_param, alpha=None)
        for rank, reg_param in itertools.product(grid.rank, grid.reg_param)
    ]


def search(
    grid: Sequence[AlsParams], *, config: TuningConfig, n_users: int, run: RunTrial
) -> list[Trial]:
    """Run trials over the grid by the configured strategy and return all of them.

    `grid`: all, on every user. `random`: as many draws of them. `successive_halving`: all on a
    sample of the `n_users`, then the best on ever larger samples; once the sample would be
    everybody, only `finalists` remain. Where the first sample is everybody, all are finalists.
    """
    if config.strategy == "successive_halving":
        return _halve(grid, config=config, n_users=n_users, run=run)
    chosen = list(grid)
    if config.strategy == "random" and config.draws < len(grid):
        drawn = random.Random(config.seed).sample(range(len(grid)), config.draws)
        chosen = [grid[index] for index in sorted(drawn)]
    return [run(params, 1.0) for params in chosen]


def planned_trials(n_grid: int, *, config: TuningConfig, n_users: int) -> list[float]:
    """Return the fraction of the users for each trial that `search` runs over such a grid."""
    if config.strategy == "random":
        return [1.0] * min(config.draws, n_grid)
    if config.strategy == "grid":
        return [1.0] * n_grid
    return [fraction for n, fraction in _rungs(n_grid, config, n_users) for _ in range(n)]


def best(trials: Sequence[Trial], *, config: TuningConfig) -> Trial:
    """Return the trial on all users with the highest configured metric; of equals the first."""
    on_everybody = [trial for trial in trials if trial.user_fraction == 1.0]
    return max(on_everybody, key=lambda trial: trial.metrics[config.metric])


def at_edges(params: AlsParams, grid: Sequence[AlsParams]) -> list[str]:
    """Name the parameters of which the grid has no greater, or no smaller, value to compare with.

    A parameter with a single value in the grid was not searched and is not named.

    >>> grid = [AlsParams(rank=8, reg_param=reg, alpha=None, feedback=None) for reg in (0.1, 1.0)]
    >>> at_edges(grid[1], grid)
    ['reg_param=1 is the highest tried']
    """
    found = []
    for name in ("rank", "reg_param", "alpha"):
        values = {getattr(one, name) for one in grid}
        value = getattr(params, name)
        if len(values) > 1 and value in (min(values), max(values)):
            end = "highest" if value == max(values) else "lowest"
            found.append(f"{name}={value:g} is the {end} tried")
    return found


def _halve(
    grid: Sequence[AlsParams], *, config: TuningConfig, n_users: int, run: RunTrial
) -> list[Trial]:
    trials: list[Trial] = []
    remaining = list(grid)
    for n, fraction in _rungs(len(grid), config, n_users):
        if trials:
            last_rung = trials[-len(remaining) :]
            # A stable sort: of equals, the first in the grid goes on.
            last_rung.sort(key=lambda trial: -trial.metrics[config.metric])
            kept = {trial.params for trial in last_rung[:n]}
            remaining = [params for params in grid if params in kept]
        trials += [run(params, fraction) for params in remaining]
    return trials


def _rungs(n_grid: int, config: TuningConfig, n_users: int) -> list[tuple[int, float]]:
    """Return (trials, fraction of the users) for each rung; the last has all users."""
    halving = config.halving
    rungs: list[tuple[int, float]] = []
    n, fraction = n_grid, max(halving.initial_fraction, halving.min_users / max(1, n_users))
    if fraction >= 1.0:
        return [(n, 1.0)]
    while n > halving.finalists and fraction < 1.0:
        rungs.append((n, fraction))
        n, fraction = max(halving.finalists, n // halving.eta), fraction * halving.eta
    return [*rungs, (min(n, halving.finalists), 1.0)]
