"""Charts of the models: comparison, tuning, and metrics by groups of users and movies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from movierec_report import theme

Facts = Mapping[str, Any]
SPLITS: Final = ("validation", "test")
_MODELS: Final = ("random", "als_explicit", "popularity", "segment_popularity", "als", "ease")
_PARAMS: Final = ("model", "feedback", "factor_rank", "reg_param", "alpha", "n_movies")
_SHADED_RANGE: Final = 0.2
"""How far below the best a cell of a heat map still has a colour."""
_COMPARED: Final = ("popularity", "als", "ease")


def comparison(summary: Facts, split: str, *, metric: str) -> Figure:
    """Return each model's mean and interval on a split, without the oracle, which is far higher."""
    figure, ax = theme.new_figure(4.2, 2.7, x=metric_label(metric), grid="x")
    for row, model in enumerate(_MODELS):
        metrics = summary["models"][model][split]
        low, high = metrics["ci95"][metric]
        colour = theme.MODEL_COLOURS[model]
        ax.plot([low, high], [row, row], color=colour, linewidth=3, solid_capstyle="round")
        ax.plot(metrics[metric], row, "o", color=colour, markersize=8)
        theme.write_beside(ax, f"{metrics[metric]:.3f}", (high, row), right=6)
    ax.set_yticks(range(len(_MODELS)), [theme.MODEL_NAMES[m] for m in _MODELS])
    ax.margins(x=0.2, y=0.18)
    most = max(summary["models"][m][s]["ci95"][metric][1] for m in _MODELS for s in SPLITS)
    ax.set_xlim(0, most * 1.2)
    return figure


@dataclass(frozen=True)
class HeatMap:
    """One metric by size and reg_param, of the trials with one model, feedback and alpha."""

    name: str
    size: str
    """What the sizes are: rank, or the movies that EASE knows."""
    sizes: list[int]
    reg_params: list[float]
    values: dict[tuple[int, float], float]
    best: float
    """The highest value in all heat maps."""

    def is_best(self, size: int, reg_param: float) -> bool:
        """Return whether the cell has the highest value in all heat maps."""
        return self.values.get((size, reg_param)) == self.best

    def shade(self, size: int, reg_param: float) -> int:
        """Return 100 for the best value, falling to 0 at 20 % below it; 0 for a missing cell."""
        value = self.values.get((size, reg_param))
        if value is None or self.best <= 0:
            return 0
        return max(0, round(100 * (1 - (1 - value / self.best) / _SHADED_RANGE)))


def heat_maps(trials: Sequence[Facts], *, metric: str) -> list[HeatMap]:
    """Return one heat map per model, feedback and alpha: EASE first, explicit ALS last.

    A cell shows the trial on the most users of its configuration; the best is one of the cells.
    """
    panels: dict[tuple[str, str, float], list[Facts]] = defaultdict(list)
    shown = largest_trials(trials)
    for trial in shown:
        panels[trial["model"], trial["feedback"] or "", trial["alpha"] or 0.0].append(trial)
    order = ("ease", "als", "als_explicit")
    return [
        HeatMap(
            name={
                "ease": f"EASE, {feedback}",
                "als": f"ALS, {feedback}, alpha {alpha:g}",
                "als_explicit": "ALS, explicit",
            }[model],
            size="movies" if model == "ease" else "rank",
            sizes=sorted({_size(trial) for trial in panel}),
            reg_params=sorted({trial["reg_param"] for trial in panel}),
            values={(_size(trial), trial["reg_param"]): trial[metric] for trial in panel},
            best=max(trial[metric] for trial in shown),
        )
        for (model, feedback, alpha), panel in sorted(
            panels.items(), key=lambda item: (order.index(item[0][0]), item[0])
        )
    ]


def _size(trial: Facts) -> int:
    return int(trial["n_movies"] if trial["model"] == "ease" else trial["factor_rank"])


def rmse_against_metric(trials: Sequence[Facts], *, metric: str) -> Figure | None:
    """Return RMSE and metric of the explicit trials; None if no explicit trial has an RMSE."""
    explicit = [trial for trial in largest_trials(trials) if trial["rmse"] is not None]
    if not explicit:
        return None
    x, y = "RMSE in stars (lower is better)", f"{metric_label(metric)} (higher is better)"
    figure, ax = theme.new_figure(4.6, 2.8, x=x, y=y)
    points = [(trial["rmse"], trial[metric]) for trial in explicit]
    ax.plot(*zip(*points, strict=True), "o", color=theme.EXPLICIT, markersize=7)
    lowest = min(points, key=lambda point: point[0])
    ax.annotate("lowest RMSE", lowest, xytext=(8, 8), textcoords="offset points")
    ax.margins(x=0.15)
    top = 1.2 * max(value for _, value in points) or 1.0
    # some room below 0: in the corner its label would touch one of the other axis
    ax.set_ylim(-0.1 * top, top)
    return figure


def metric_by_group(strata: Sequence[Facts], metric: str, *, x: str, y: str) -> Figure:
    """Return a metric of three models by group of users or movies; no bar if undefined."""
    figure, ax = theme.new_figure(4.6, 2.6, x=x, y=y)
    places = np.arange(len(strata))
    for number, model in enumerate(_COMPARED):
        values = [group[model][metric] for group in strata]
        defined = {place: value for place, value in enumerate(values) if value is not None}
        where, colour = places[list(defined)] + (number - 1) * 0.28, theme.MODEL_COLOURS[model]
        heights, label = list(defined.values()), theme.MODEL_NAMES[model]
        ax.bar(where, heights, width=0.26, color=colour, label=label)
    ax.set_xticks(places, [rating_range(group) for group in strata])
    theme.add_legend(figure, ncols=3)
    return figure


def popularity_bias(bias: Facts, groups: Sequence[Facts]) -> Figure:
    """Return the shares of popular and rare movies in the recommendations of each model."""
    models = ["oracle", *reversed(_MODELS)]
    figure, ax = theme.new_figure(7.2, 2.7, grid="x")
    left = np.zeros(len(models))
    for number, group in enumerate(groups):
        shares = np.array([bias[model]["shares"][number] for model in models])
        # the last is 1 exactly
        shade = 1 - 0.8 * (len(groups) - 1 - number) / len(groups)
        label = f"{rating_range(group)} ratings"
        rows = range(len(models))
        ax.barh(rows, shares, 0.62, left, color=theme.ALS, alpha=shade, label=label)
        left += shares
    ax.set_yticks(range(len(models)), [theme.MODEL_NAMES[model] for model in models])
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    theme.add_legend(
        figure, loc="outside lower center", ncols=min(len(groups), 4), title="movies with"
    )
    return figure


def largest_trials(trials: Sequence[Facts]) -> list[Facts]:
    """Return the trial on the most users of each configuration."""
    largest: dict[tuple[Any, ...], Facts] = {}
    for trial in trials:
        key = tuple(trial[name] for name in _PARAMS)
        if key not in largest or trial["user_fraction"] > largest[key]["user_fraction"]:
            largest[key] = trial
    return list(largest.values())


def rating_range(group: Facts) -> str:
    """Return the range of the number of ratings of a group as text."""
    low, high = group["from_ratings"], group["to_ratings"]
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def metric_label(metric: str) -> str:
    """Return the name of a metric for readers.

    >>> metric_label("ndcg_at_100"), metric_label("map_at_10"), metric_label("precision")
    ('NDCG@100', 'MAP@10', 'precision')
    """
    name, _, k = metric.partition("_at_")
    shown = name.upper() if name in ("ndcg", "map") else name
    return f"{shown}@{k}" if k else shown
