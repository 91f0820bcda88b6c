"""Charts of the models: how they compare, how they were tuned, where they win."""

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
_FLOOR_FIRST: Final = ("random", "als_explicit", "popularity", "als")
_FAR: Final = 0.2
_PAIR: Final = ("popularity", "als")


def comparison(summary: Facts, split: str, *, metric: str) -> Figure:
    """Each model's mean and interval on a split; the oracle, far to the right, is told in words."""
    drawing, ax = theme.figure(4.2, 2.4)
    for row, model in enumerate(_FLOOR_FIRST):
        one = summary["models"][model][split]
        low, high = one["ci95"][metric]
        colour = theme.MODEL_COLOURS[model]
        ax.plot([low, high], [row, row], color=colour, linewidth=3, solid_capstyle="round")
        ax.plot(one[metric], row, "o", color=colour, markersize=8)
        ax.annotate(
            f"{one[metric]:.3f}",
            (high, row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    ax.set_yticks(range(len(_FLOOR_FIRST)), [theme.MODEL_NAMES[m] for m in _FLOOR_FIRST])
    ax.set_xlabel(label(metric))
    ax.margins(x=0.2, y=0.18)
    most = max(summary["models"][m][s]["ci95"][metric][1] for m in _FLOOR_FIRST for s in SPLITS)
    ax.set_xlim(0, most * 1.2)
    theme.bare(ax, grid="x")
    return drawing


@dataclass(frozen=True)
class Surface:
    """One metric over rank and regParam, of the trials with one feedback and one alpha."""

    name: str
    ranks: list[int]
    reg_params: list[float]
    values: dict[tuple[int, float], float]
    best: float
    """The highest value of all surfaces."""

    def is_best(self, rank: int, reg_param: float) -> bool:
        """Tell whether no cell of any surface is higher."""
        return self.values.get((rank, reg_param)) == self.best

    def shade(self, rank: int, reg_param: float) -> int:
        """Return how close a cell is to the best: 100 at it, 0 from a fifth below it.

        0 where nothing was tried.
        """
        value = self.values.get((rank, reg_param))
        if value is None or self.best <= 0:
            return 0
        return max(0, round(100 * (1 - (1 - value / self.best) / _FAR)))


def surfaces(trials: Sequence[Facts], *, metric: str) -> list[Surface]:
    """Return one surface for each feedback and alpha, the explicit one last.

    A cell is its configuration's trial on the most users, and the best is one of the cells.
    """
    panels: dict[tuple[Any, Any], list[Facts]] = defaultdict(list)
    shown = largest(trials)
    for trial in shown:
        panels[trial["feedback"], trial["alpha"]].append(trial)
    return [
        Surface(
            name=panel_name(feedback, alpha),
            ranks=sorted({trial["factor_rank"] for trial in panel}),
            reg_params=sorted({trial["reg_param"] for trial in panel}),
            values={(trial["factor_rank"], trial["reg_param"]): trial[metric] for trial in panel},
            best=max(trial[metric] for trial in shown),
        )
        for (feedback, alpha), panel in sorted(
            panels.items(), key=lambda item: (item[0][0] is None, str(item[0][0]), item[0][1] or 0)
        )
    ]


def rmse_against_lists(trials: Sequence[Facts], *, metric: str) -> Figure | None:
    """Explicit trials: the error of predicted stars against the quality of lists."""
    explicit = [trial for trial in largest(trials) if trial["rmse"] is not None]
    if not explicit:
        return None
    drawing, ax = theme.figure(4.6, 2.8)
    ax.plot(
        [trial["rmse"] for trial in explicit],
        [trial[metric] for trial in explicit],
        "o",
        color=theme.EXPLICIT,
        markersize=7,
    )
    best = min(explicit, key=lambda trial: trial["rmse"])
    ax.annotate(
        "lowest RMSE", (best["rmse"], best[metric]), xytext=(8, 8), textcoords="offset points"
    )
    ax.set_xlabel("RMSE in stars (lower is better)")
    ax.set_ylabel(f"{label(metric)} (higher is better)")
    ax.margins(x=0.15)
    ax.set_ylim(0, 1.2 * max(trial[metric] for trial in explicit) or 1.0)
    theme.bare(ax, grid="y")
    return drawing


def by_activity(strata: Sequence[Facts]) -> Figure:
    """NDCG of ALS and popularity by how many ratings a user has; no bar where undefined."""
    return _grouped(
        [ranged(one) for one in strata],
        {model: [one[model]["ndcg"] for one in strata] for model in _PAIR},
        x="ratings of the user before",
        y="NDCG",
    )


def by_popularity(strata: Sequence[Facts]) -> Figure:
    """Recall of ALS and popularity by how many ratings a movie has; no bar where undefined."""
    return _grouped(
        [ranged(one) for one in strata],
        {model: [one[model]["recall"] for one in strata] for model in _PAIR},
        x="ratings of the movie before",
        y="relevant movies found",
    )


def list_bias(bias: Facts, groups: Sequence[Facts]) -> Figure:
    """Where in popularity each model's recommendations lie."""
    models = ["oracle", *reversed(_FLOOR_FIRST)]
    drawing, ax = theme.figure(7.2, 2.4)
    left = np.zeros(len(models))
    for group, one in enumerate(groups):
        shares = np.array([bias[model]["shares"][group] for model in models])
        shade = 0.2 + 0.8 * (group + 1) / len(groups)
        ax.barh(
            range(len(models)),
            shares,
            left=left,
            color=theme.ALS,
            alpha=shade,
            height=0.62,
            label=f"{ranged(one)} ratings",
        )
        left += shares
    ax.set_yticks(range(len(models)), [theme.MODEL_NAMES[model] for model in models])
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    theme.legend(drawing, loc="outside lower center", ncols=len(groups), title="movies with")
    theme.bare(ax, grid="x")
    return drawing


def _grouped(
    names: list[str], values: Mapping[str, Sequence[float | None]], *, x: str, y: str
) -> Figure:
    drawing, ax = theme.figure(4.6, 2.6)
    places = np.arange(len(names))
    for number, (model, heights) in enumerate(values.items()):
        known = {place: height for place, height in enumerate(heights) if height is not None}
        ax.bar(
            places[list(known)] + (number - 0.5) * 0.38,
            list(known.values()),
            width=0.36,
            color=theme.MODEL_COLOURS[model],
            label=theme.MODEL_NAMES[model],
        )
    ax.set_xticks(places, names)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    theme.legend(drawing, ncols=2)
    theme.bare(ax, grid="y")
    return drawing


def largest(trials: Sequence[Facts]) -> list[Facts]:
    """Return each configuration's trial on the most users."""
    found: dict[tuple[Any, ...], Facts] = {}
    for trial in trials:
        key = tuple(trial[name] for name in ("factor_rank", "reg_param", "alpha", "feedback"))
        if key not in found or trial["user_fraction"] > found[key]["user_fraction"]:
            found[key] = trial
    return list(found.values())


def panel_name(feedback: str | None, alpha: float | None) -> str:
    """Return what the trials of a panel have in common."""
    return "explicit" if feedback is None else f"{feedback}, alpha {alpha:g}"


def ranged(one: Facts) -> str:
    """Return the range of a stratum in few characters."""
    low, high = one["from_ratings"], one["to_ratings"]
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def label(metric: str) -> str:
    """Return a metric as people write it.

    >>> label("ndcg_at_100"), label("map_at_10"), label("precision")
    ('NDCG@100', 'MAP@10', 'precision')
    """
    name, _, k = metric.partition("_at_")
    shown = name.upper() if name in ("ndcg", "map") else name
    return f"{shown}@{k}" if k else shown
