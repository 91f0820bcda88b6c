"""The trials of a search, each kept when it ends: a killed search goes on with the next one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from movierec.data.columns import METRICS
from movierec.errors import SingularFitError
from movierec.models.als import AlsParams
from movierec.pipeline.context import Context
from movierec.pipeline.dag import TRIAL, TRIAL_KEYS, TUNE
from movierec.pipeline.fingerprint import effective_config
from movierec.spark.time_left import TimeLeft
from movierec.tuning.search import Params, Trial, trial_engine


class TrialCache:
    """Runs trials, unless the workspace holds them, and logs each.

    `planned` has the fraction of the users for each trial to come, to estimate the time left.
    """

    def __init__(self, context: Context, *, planned: Sequence[float]) -> None:
        self._context = context
        self._planned = list(planned)
        self._trials: list[Trial] = []
        self._cost: list[tuple[float, float]] = []
        """(seconds, fraction of the users) of the trials that were not in the workspace."""

    def run(self, params: Params, user_fraction: float, run_trial: Callable[[], Trial]) -> Trial:
        """Return the trial of these parameters, run now or before."""
        config = self._context.config
        keys = effective_config(config, TRIAL_KEYS)
        engine = config.tuning.engine
        if isinstance(params, AlsParams):
            engine = trial_engine(params, config)
        identity = keys | {
            "als": keys["als"] | {"engine": engine},
            "params": asdict(params),
            "user_fraction": user_fraction,
            # The seed draws the sample of users; all users need none.
            "sample_seed": config.tuning.seed if user_fraction < 1.0 else None,
        }
        started = time.monotonic()

        def compute() -> dict[str, Any]:
            try:
                trial = run_trial()
            except SingularFitError as error:
                trial = Trial(
                    params=params,
                    user_fraction=user_fraction,
                    metrics=dict.fromkeys(METRICS, 0.0),
                    fault=str(error),
                )
            return trial.facts()

        facts, reused = self._context.cached_part(TRIAL, TUNE.version, identity, compute)
        trial = Trial(params=params, user_fraction=user_fraction, **facts)
        if trial.fault is not None:
            self._context.warn(f"a trial counts as 0: {trial.fault}")
        self._trials.append(trial)
        if not reused:
            self._cost.append((time.monotonic() - started, user_fraction))
        self._report(trial, reused)
        return trial

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per trial for the `trials` dataset, in the order of the runs."""
        return [
            {"trial": number} | trial.row() for number, trial in enumerate(self._trials, start=1)
        ]

    def _report(self, trial: Trial, reused: bool) -> None:
        name = self._context.config.tuning.metric
        highest = max(
            one.metrics[name] for one in self._trials if one.user_fraction == trial.user_fraction
        )
        sample = "" if trial.user_fraction == 1.0 else f" on {trial.user_fraction:.3g} of the users"
        ended = "kept from before" if reused else f"{self._cost[-1][0]:.1f} s"
        left = self._time_left()
        self._context.advance(left)
        self._context.say(
            f"trial {len(self._trials)}/{len(self._planned)} {trial.params}{sample}: "
            f"{name} {trial.metrics[name]:.4f} (highest {highest:.4f}), {ended}"
            f"{'' if left is None else f', {left}'}"
        )

    def _time_left(self) -> TimeLeft | None:
        left = self._planned[len(self._trials) :]
        if not left or not self._cost:
            return None
        spent, users = (sum(parts) for parts in zip(*self._cost, strict=True))
        # This counts the fixed cost of a trial several times, so it is rather too high.
        return TimeLeft(sum(left) * spent / users, at_most=max(left) > self._cost[-1][1])
