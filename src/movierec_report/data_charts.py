"""Charts of the data: stars, time, and the long tails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from movierec_report import theme

Facts = Mapping[str, Any]


def stars(counts: Sequence[Facts]) -> Figure:
    """How often each number of stars was given."""
    drawing, ax = theme.figure(3.4, 2.4)
    total = sum(one["ratings"] for one in counts)
    ax.bar(
        [one["stars"] for one in counts],
        [one["ratings"] / total for one in counts],
        width=0.4,
        color=theme.ALS,
    )
    ax.set_xticks(range(1, 6))
    ax.set_xlabel("stars")
    ax.set_ylabel("share of ratings")
    theme.bare(ax, grid="y")
    return drawing


def years(months: Sequence[Facts]) -> Figure:
    """Ratings a month, by the split they fell in."""
    drawing, ax = theme.figure(7.2, 2.4)
    first, last = (_index(months[end]["month"]) for end in (0, -1))
    places = np.arange(first, last + 1)
    heights = {name: np.zeros(len(places)) for name in theme.SPLIT_COLOURS}
    for one in months:
        for name, values in heights.items():
            values[_index(one["month"]) - first] = one[name]
    ax.stackplot(
        places / 12,
        *heights.values(),
        colors=list(theme.SPLIT_COLOURS.values()),
        labels=list(heights),
        linewidth=0,
    )
    ax.set_ylabel("ratings a month")
    theme.whole_numbers(ax.yaxis)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    ax.margins(x=0)
    theme.legend(drawing, ncols=3)
    theme.bare(ax, grid="y")
    return drawing


def spread(histogram: Sequence[Facts], *, of: str) -> Figure:
    """How many users or movies have how many ratings, both axes logarithmic."""
    drawing, ax = theme.figure(3.4, 2.4)
    edges = [one["from"] for one in histogram]
    widths = [one["to"] + 1 - one["from"] for one in histogram]
    ax.bar(
        edges,
        [one["count"] for one in histogram],
        width=widths,
        align="edge",
        color=theme.ALS,
        edgecolor=theme.PAPER,
        linewidth=0.8,
    )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.minorticks_off()
    theme.whole_numbers(ax.xaxis)
    theme.whole_numbers(ax.yaxis)
    ax.set_xlabel(f"ratings of a {of}")
    ax.set_ylabel(f"{of}s")
    theme.bare(ax, grid="y")
    return drawing


def seconds(stages: Mapping[str, Facts]) -> Figure:
    """How long each stage took."""
    drawing, ax = theme.figure(7.2, 0.7 + 0.3 * len(stages))
    values = [one["seconds"] for one in stages.values()]
    ax.barh(range(len(stages)), values, color=theme.ALS, height=0.6)
    for row, value in enumerate(values):
        ax.annotate(
            f"{value:,.0f} s", (value, row), xytext=(5, 0), textcoords="offset points", va="center"
        )
    ax.set_yticks(range(len(stages)), list(stages))
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_xlabel("seconds")
    theme.bare(ax, grid="x")
    return drawing


def _index(month: str) -> int:
    year, number = map(int, month.split("-"))
    return year * 12 + number - 1
