"""Charts of the data and of the time that stages take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from movierec_report import theme

Facts = Mapping[str, Any]


def star_shares(counts: Sequence[Facts]) -> Figure:
    """Return the share of ratings with each number of stars."""
    figure, ax = theme.new_figure(3.4, 2.4, x="stars", y="share of ratings")
    total = sum(count["ratings"] for count in counts)
    shares = [count["ratings"] / total for count in counts]
    ax.bar([count["stars"] for count in counts], shares, width=0.4, color=theme.ALS)
    ax.set_xticks(range(1, 6))
    return figure


def ratings_by_month(months: Sequence[Facts]) -> Figure:
    """Return the number of ratings per month, by split."""
    figure, ax = theme.new_figure(7.2, 2.4, y="ratings per month")
    first, last = (_month_number(months[end]["month"]) for end in (0, -1))
    numbers = np.arange(first, last + 1)
    heights = {name: np.zeros(len(numbers)) for name in theme.SPLIT_COLOURS}
    for month in months:
        for name, values in heights.items():
            values[_month_number(month["month"]) - first] = month[name]
    colours = list(theme.SPLIT_COLOURS.values())
    ax.stackplot(numbers / 12, *heights.values(), colors=colours, labels=list(heights), linewidth=0)
    theme.format_whole_numbers(ax.yaxis)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    ax.margins(x=0)
    theme.add_legend(figure, ncols=3)
    return figure


def count_histogram(histogram: Sequence[Facts], *, of: str) -> Figure:
    """Return the histogram of ratings per user or movie, both axes logarithmic."""
    figure, ax = theme.new_figure(3.4, 2.4, x=f"ratings per {of}", y=f"{of}s")
    edges = [bin_["from"] for bin_ in histogram]
    widths = [bin_["to"] + 1 - bin_["from"] for bin_ in histogram]
    counts = [bin_["count"] for bin_ in histogram]
    style: dict[str, Any] = {"color": theme.ALS, "edgecolor": theme.PAPER, "linewidth": 0.8}
    ax.bar(edges, counts, width=widths, align="edge", **style)
    ax.set(xscale="log", yscale="log")
    ax.minorticks_off()
    theme.format_whole_numbers(ax.xaxis, ax.yaxis)
    return figure


def stage_seconds(stages: Mapping[str, Facts]) -> Figure:
    """Return the seconds of each stage."""
    figure, ax = theme.new_figure(7.2, 0.7 + 0.3 * len(stages), x="seconds", grid="x")
    values = [stage["seconds"] for stage in stages.values()]
    ax.barh(range(len(stages)), values, color=theme.ALS, height=0.6)
    for row, value in enumerate(values):
        theme.write_beside(ax, f"{value:,.0f} s", (value, row), right=5)
    ax.set_yticks(range(len(stages)), list(stages))
    ax.invert_yaxis()
    ax.margins(x=0.12)
    return figure


def _month_number(month: str) -> int:
    """Return the months since year 0."""
    year, number = map(int, month.split("-"))
    return year * 12 + number - 1
