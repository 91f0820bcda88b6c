"""Which parameters to try, and in what order: the search strategies over a grid."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, TypeAlias

from movierec.config.schema import Config, Engine, TuningConfig
from movierec.data.columns import ALPHA, FACTOR_RANK, FEEDBACK, MODEL, N_MOVIES, REG_PARAM
from movierec.errors import InputError
from movierec.models.als import AlsParams
from movierec.models.ease import EaseParams
from movierec.models.names import EASE

Params: TypeAlias = AlsParams | EaseParams
_COLUMNS: Final = {"rank": FACTOR_RANK, "movies": N_MOVIES}
"""The columns of parameters that have another name there."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A fit and its metrics on validation, for a fraction of the users."""

    params: Params
    user_fraction: float
    metrics: dict[str, float]
    rmse: float | None = None
    """In stars, of explicit ALS only."""
    seconds: float = 0.0
    fault: str | None = None
    """Why it could not be fitted; its metrics are 0."""

    def facts(self) -> dict[str, Any]:
        """Return what the fit found, as JSON holds it."""
        return {
            "metrics": self.metrics,
            "rmse": self.rmse,
            "seconds": self.seconds,
            "fault": self.fault,
        }

    def row(self) -> dict[str, Any]:
        """Return the trial as a row of the `trials` dataset, without its number."""
        return {
            MODEL: self.params.model,
            **dict.fromkeys((FEEDBACK, FACTOR_RANK, REG_PARAM, ALPHA, N_MOVIES)),
            **{_COLUMNS.get(name, name): value for name, value in asdict(self.params).items()},
            "user_fraction": self.user_fraction,
            **self.metrics,
            "rmse": self.rmse,
            "seconds": self.seconds,
            "fault": self.fault,
        }

    @staticmethod
    def params_of(row: dict[str, Any]) -> Any:
        """Return the parameters of a row that `row` made: AlsParams, or EaseParams of EASE."""
        kind = EaseParams if row[MODEL] == EASE else AlsParams
        return kind(**{one.name: row[_COLUMNS.get(one.name, one.name)] for one in fields(kind)})


RunTrial = Callable[[AlsParams, float], Trial]
"""Runs the parameters on a fraction of the users."""


def implicit_grid(config: TuningConfig) -> list[AlsParams]:
    """Return every combination of the implicit grid, equal feedback next to each other."""
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


def ease_grid(config: TuningConfig) -> list[EaseParams]:
    """Return every combination of the grid of EASE, equal feedback next to each other."""
    grid = config.ease
    return [
        EaseParams(feedback=feedback, reg_param=reg_param, movies=movies)
        for feedback, movies, reg_param in itertools.product(
            grid.feedback, grid.movies, grid.reg_param
        )
    ]


def trial_engine(params: AlsParams, config: Config) -> Engine:
    """Return what fits the trials of these parameters.

    A grid of one point is not searched: its trial is the fit that is reported.
    """
    grid = explicit_grid if params.explicit else implicit_grid
    return config.als.engine if len(grid(config.tuning)) == 1 else config.tuning.engine


def search(
    grid: Sequence[AlsParams], *, config: TuningConfig, n_users: int, run: RunTrial
) -> list[Trial]:
    """Run trials over the grid by the configured strategy and return all of them.

    `grid`: all, on all users. `random`: `draws` of them. `successive_halving`: all on a sample of
    the `n_users`, then the best on ever larger samples, and `finalists` on all users. If the first
    sample has all users, all are finalists.
    """
    remaining = list(grid)
    if config.strategy == "random" and config.draws < len(grid):
        drawn = random.Random(config.seed).sample(range(len(grid)), config.draws)
        remaining = [grid[index] for index in sorted(drawn)]
    trials: list[Trial] = []
    for n, fraction in _rungs(len(grid), config, n_users):
        if trials:
            # A stable sort: of equals, the first in the grid goes on; what has no fit comes last.
            rung = sorted(
                trials[-len(remaining) :],
                key=lambda one: (one.fault is not None, -one.metrics[config.metric]),
            )
            kept = {trial.params for trial in rung[:n]}
            remaining = [params for params in remaining if params in kept]
        trials += [run(params, fraction) for params in remaining]
    return trials


def planned_trials(n_grid: int, *, config: TuningConfig, n_users: int) -> list[float]:
    """Return the fraction of the users for each trial that `search` runs over such a grid."""
    return [fraction for n, fraction in _rungs(n_grid, config, n_users) for _ in range(n)]


def best(trials: Sequence[Trial], *, config: TuningConfig) -> Trial:
    """Return the trial on all users with the highest configured metric; of equals the first.

    Raises InputError if none could be fitted.
    """
    on_all_users = [trial for trial in trials if trial.user_fraction == 1.0]
    fitted = [trial for trial in on_all_users if trial.fault is None]
    if not fitted:
        raise InputError(
            f"none of {len(on_all_users)} trials can be fitted; the first: {on_all_users[0].fault}"
        )
    return max(fitted, key=lambda trial: trial.metrics[config.metric])


def at_edges(params: Params, grid: Sequence[Params]) -> list[str]:
    """Name the parameters whose value is the highest or the lowest in the grid.

    A parameter with a single value in the grid was not searched and is not named.

    >>> grid = [AlsParams(rank=8, reg_param=reg, alpha=None, feedback=None) for reg in (0.1, 1.0)]
    >>> at_edges(grid[1], grid)
    ['reg_param=1 is the highest tried']
    """
    found = []
    for name in (one for one in asdict(params) if one != "feedback"):
        values = {getattr(one, name) for one in grid}
        value = getattr(params, name)
        if len(values) > 1 and value in (min(values), max(values)):
            end = "highest" if value == max(values) else "lowest"
            found.append(f"{name}={value:g} is the {end} tried")
    return found


def _rungs(n_grid: int, config: TuningConfig, n_users: int) -> list[tuple[int, float]]:
    """Return (trials, fraction of the users) for each rung; the last has all users."""
    if config.strategy == "random":
        return [(min(config.draws, n_grid), 1.0)]
    halving = config.halving
    n, fraction = n_grid, max(halving.initial_fraction, halving.min_users / max(1, n_users))
    if config.strategy == "grid" or fraction >= 1.0:
        return [(n, 1.0)]
    rungs: list[tuple[int, float]] = []
    while n > halving.finalists and fraction < 1.0:
        rungs.append((n, fraction))
        n, fraction = max(halving.finalists, n // halving.eta), fraction * halving.eta
    return [*rungs, (min(n, halving.finalists), 1.0)]
