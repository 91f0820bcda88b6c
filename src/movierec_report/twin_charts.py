"""Charts of the twins: the correlation of their ratings and the similarity of their movie sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from movierec_report import theme

Facts = Mapping[str, Any]


def correlations(twins: Facts, summary: Facts) -> Figure:
    """Return the correlations of twins and random pairs, and the mean with strangers."""
    figure, ax = theme.new_figure(7.2, 2.8, x="correlation of a pair's ratings", y="share of pairs")
    edges = np.linspace(-1, 1, 21)
    groups = {
        "twins": ([pair["correlation"] for pair in twins["pairs"]], theme.ALS),
        "random pairs": (twins["random"], theme.POPULARITY),
    }
    for name, (values, colour) in groups.items():
        known = [value for value in values if value is not None]
        if known:
            shares = np.histogram(known, bins=edges)[0] / len(known)
            ax.stairs(shares, edges, fill=True, color=colour, alpha=0.55, label=name)
    strangers = summary["strangers"]["strangers_mean"]
    if strangers is not None:
        ax.axvline(strangers, color=theme.INK, linewidth=1.6, label="strangers' mean, same movies")
    ax.set_xlim(-1.08, 1.08)
    theme.add_legend(figure, ncols=3)
    return figure


def correlation_by_floor(points: Sequence[Facts]) -> Figure:
    """Return mean correlations of twins and random pairs by the minimum of movies per user."""
    x, y = "minimum number of movies per user", "mean correlation"
    figure, ax = theme.new_figure(4.6, 2.8, x=x, y=y)
    floors = [point["min_movies"] for point in points]
    for name, colour in (("twins", theme.ALS), ("random", theme.POPULARITY)):
        means = [point[name]["mean"] for point in points]
        shown = [(x, y) for x, y in zip(floors, means, strict=True) if y is not None]
        if shown:
            ax.plot(*zip(*shown, strict=True), "o-", color=colour, label=name)
    ax.set_xscale("log")
    ax.minorticks_off()
    ax.set_xticks(floors, [str(floor) for floor in floors])
    theme.add_legend(figure, ncols=2)
    return figure


def jaccards(pairs: Sequence[Facts]) -> Figure:
    """Return the Jaccard similarity of the pairs by rank."""
    figure, ax = theme.new_figure(4.6, 2.8, x="rank of the pair", y="Jaccard similarity")
    ax.plot([pair["rank"] for pair in pairs], [pair["jaccard"] for pair in pairs], color=theme.ALS)
    flagged = [(pair["rank"], pair["jaccard"]) for pair in pairs if pair["duplicate"]]
    if flagged:
        points = zip(*flagged, strict=True)
        ax.plot(*points, "o", color=theme.POPULARITY, label="duplicate accounts")
        theme.add_legend(figure)
    ax.set_ylim(0, 1.02)
    return figure
