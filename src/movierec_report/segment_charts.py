"""Charts of the segments: sizes, users on a map, traits, stability by the number of segments."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.figure import Figure

from movierec_report import theme

Facts = Mapping[str, Any]
TRAITS_PER_SEGMENT: Final = 3
_COLOURS: Final = (
    *(theme.ALS, theme.POPULARITY, theme.ORACLE, theme.EXPLICIT),
    *(theme.SEGMENTS, theme.INK, theme.RANDOM),
)
_MARKERS: Final = ("o", "^", "s")
STABLE_FROM: Final = 0.8


def sizes(profiles: Sequence[Facts]) -> Figure:
    """Return the share of the users in each segment."""
    figure, ax = theme.new_figure(7.2, 0.9 + 0.32 * len(profiles), x="share of the users", grid="x")
    for row, one in enumerate(profiles):
        share = one["user_share"]
        ax.barh(row, share, 0.62, color=_style(row)[0])
        theme.write_beside(ax, f"{100 * share:.0f} %", (share, row), right=4)
    ax.set_yticks(range(len(profiles)), [_label(one) for one in profiles])
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_xticks([])
    return figure


def user_map(users: Sequence[Facts], *, count: int) -> Figure:
    """Return users as points in a plane, by segment."""
    figure, ax = theme.new_figure(4.6, 3.4)
    for segment in range(1, count + 1):
        points = [(one["x"], one["y"]) for one in users if one["segment"] == segment]
        colour, marker = _style(segment - 1)
        if points:
            x, y = zip(*points, strict=True)
            ax.plot(x, y, marker, color=colour, alpha=0.7, markersize=4, mew=0, label=str(segment))
    ax.set_xticks([])
    ax.set_yticks([])
    theme.add_legend(figure, ncols=min(count, 10), title="segment")
    return figure


def traits(profiles: Sequence[Facts], rows: Sequence[Facts]) -> Figure | None:
    """Return the surest likes of each segment with their lifts; None without any."""
    shown = []
    for at, one in enumerate(profiles):
        more = [row for row in rows if row["segment"] == one["segment"] and row["lift"] > 1]
        shown += [(at, row) for row in more[:TRAITS_PER_SEGMENT]]
    if not shown:
        return None
    x = "times as frequent as in the likes of all others"
    figure, ax = theme.new_figure(7.2, 0.9 + 0.24 * len(shown), x=x, grid="x")
    for place, (at, row) in enumerate(shown):
        ax.barh(place, math.log2(row["lift"]), 0.7, color=_style(at)[0])
    ax.set_yticks(range(len(shown)), [f"{row['segment']}: {row['trait']}" for _, row in shown])
    ax.invert_yaxis()
    most = math.ceil(max(math.log2(row["lift"]) for _, row in shown))
    ax.set_xticks(range(most + 1), [f"{2**n}" for n in range(most + 1)])
    return figure


def stability(tried: Sequence[Facts], *, count: int) -> Figure:
    """Return the median adjusted Rand index by the number of segments."""
    x, y = "number of segments", "agreement of two resamples"
    figure, ax = theme.new_figure(4.6, 2.8, x=x, y=y)
    ax.axhline(STABLE_FROM, color=theme.MUTED, linewidth=1, linestyle="--")
    _by_count(ax, tried, "median_ari", count)
    ax.set_ylim(0, 1.04)
    return figure


def usefulness(tried: Sequence[Facts], *, count: int) -> Figure:
    """Return NDCG on validation by the number of segments."""
    figure, ax = theme.new_figure(4.6, 2.8, x="number of segments", y="NDCG on validation")
    _by_count(ax, tried, "ndcg", count)
    ax.margins(y=0.2)
    return figure


def _by_count(ax: Any, tried: Sequence[Facts], key: str, count: int) -> None:
    """Draw a line over the numbers of segments, with a large point at the one taken."""
    ax.plot([one["count"] for one in tried], [one[key] for one in tried], "o-", color=theme.ALS)
    taken = [one for one in tried if one["count"] == count]
    for one in taken:
        ax.plot(one["count"], one[key], "o", color=theme.POPULARITY, markersize=10, label="taken")
    theme.format_whole_numbers(ax.xaxis)
    theme.add_legend(ax.figure)


def _label(one: Facts) -> str:
    return f"{one['segment']}: {one['name']}"


def _style(number: int) -> tuple[str, str]:
    """Return the colour and the marker of the segment at this place."""
    return (
        _COLOURS[number % len(_COLOURS)],
        _MARKERS[number // len(_COLOURS) % len(_MARKERS)],
    )
