"""The look of the charts. Their colours are CSS variables of the page, so they follow its theme."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

# the light and the dark colour of each CSS variable
_PALETTE: Final = {
    "ink": ("#1c2024", "#e6e8ea"),
    "muted": ("#60676e", "#9aa2aa"),
    "grid": ("#e3e5e2", "#2c3237"),
    "paper": ("#fdfdfb", "#14171a"),
    "als": ("#0b6e99", "#5bb8e0"),
    "popularity": ("#c2571a", "#f0925a"),
    "explicit": ("#7a4fa3", "#b894de"),
    "random": ("#8a8f94", "#868d94"),
    "oracle": ("#3d7a3d", "#7cc07c"),
    "segments": ("#a37a00", "#dcb84c"),
    "ease": ("#a8325a", "#f08aac"),
    "card": ("#f4f5f2", "#1c2125"),
}
LIGHT: Final = {name: light for name, (light, _) in _PALETTE.items()}
DARK: Final = {name: dark for name, (_, dark) in _PALETTE.items()}
# matplotlib needs colours; `to_svg` replaces these placeholders by the page's CSS variables
_PLACEHOLDERS: Final = {name: f"#{3 * f'{n:02}'}" for n, name in enumerate(_PALETTE, 1)}
INK, MUTED, GRID, PAPER, ALS, POPULARITY, EXPLICIT, RANDOM, ORACLE, SEGMENTS, EASE, _ = (
    _PLACEHOLDERS.values()
)
MODEL_NAMES: Final = {
    "ease": "EASE",
    "als": "ALS",
    "segment_popularity": "popular in segment",
    "popularity": "popularity",
    "delivered": "as delivered",
    "als_explicit": "ALS, explicit",
    "random": "random (floor)",
    "oracle": "oracle (ceiling)",
}
MODEL_COLOURS: Final = {
    "ease": EASE,
    "als": ALS,
    "segment_popularity": SEGMENTS,
    "popularity": POPULARITY,
    "als_explicit": EXPLICIT,
    "random": RANDOM,
    "oracle": ORACLE,
}
SPLIT_COLOURS: Final = {"train": MUTED, "validation": POPULARITY, "test": ALS}
# Any: only newer releases of matplotlib have types for the keys
_STYLE: Final[Any] = {
    # as text, it can be searched, read by a screen reader, and set in the font of the page
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}
# the dark themes of JupyterLab and VS Code, which ignore the preference of the browser
_DARK_NOTEBOOK_THEMES: Final = ('[data-jp-theme-light="false"]', ".vscode-dark")
_NOTEBOOK_CLASS: Final = "movierec-chart"
_REFERENCE: Final = re.compile(r'(href="#|url\(#)([^")]+)')


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of the report inside the block."""
    with mpl.rc_context(_STYLE):
        yield


def new_figure(
    width: float, height: float, *, x: str = "", y: str = "", grid: Literal["x", "y"] = "y"
) -> tuple[Figure, Axes]:
    """Return an empty figure, its size in inches, and its axes with labels and one grid."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=x, ylabel=y)
    axes.tick_params(length=0, pad=6)
    axes.grid(visible=False)
    axes.grid(visible=True, axis=grid)
    return figure, axes


def format_whole_numbers(*axes: Axis) -> None:
    """Label axes with whole numbers and thousands separators, not with powers of ten."""
    for axis in axes:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def write_beside(axes: Axes, text: str, point: tuple[float, float], *, right: float) -> None:
    """Write the text `right` points to the right of a point."""
    axes.annotate(text, point, xytext=(right, 0), textcoords="offset points", va="center")


def to_svg(figure: Figure, *, name: str, description: str) -> str:
    """Return the figure as an SVG element; screen readers read its description."""
    buffer = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = _with_unique_ids(text, name)
    for variable, colour in _PLACEHOLDERS.items():
        text = text.replace(colour, f"var(--{variable})")
    for size in ("width", "height"):
        text = re.sub(rf'(<svg [^>]*?)\s{size}="[^"]*"', r"\1", text, count=1)
    return text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(description)}" ', 1)


def page_css() -> str:
    """Return the CSS variables of a page, light or dark as the reader's browser prefers."""
    return (
        f":root {{ color-scheme: light dark; {_css_variables(LIGHT)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_css_variables(DARK)} }} }}\n"
    )


def notebook_html(svg: str, *, width: float) -> str:
    """Return an SVG element with its CSS for the output of a cell, at most `width` inches wide."""
    dark = ", ".join(f"{theme} .{_NOTEBOOK_CLASS}" for theme in _DARK_NOTEBOOK_THEMES)
    style = (
        f".{_NOTEBOOK_CLASS} {{ background: var(--paper); {_css_variables(LIGHT)} }}\n"
        f"{dark} {{ {_css_variables(DARK)} }}\n"
        f".{_NOTEBOOK_CLASS} svg {{ display: block; width: 100%; height: auto; }}\n"
    )
    return (
        f'<div class="{_NOTEBOOK_CLASS}" style="max-width: {width:g}in">'
        f"<style>\n{style}</style>{svg}</div>"
    )


def _css_variables(palette: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in palette.items())


def add_legend(figure: Figure, **options: Any) -> None:
    """Put a legend outside the axes if anything in the figure has a label."""
    if any(axes.get_legend_handles_labels()[0] for axes in figure.axes):
        figure.legend(**{"loc": "outside upper right", **options})


def _with_unique_ids(text: str, name: str) -> str:
    """Drop unused ids and prefix the others, so that no two charts of a page share one."""
    used = {found[1] for found in _REFERENCE.findall(text)}
    text = re.sub(
        r' id="([^"]*)"',
        lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "",
        text,
    )
    return _REFERENCE.sub(lambda found: f"{found[1]}{name}-{found[2]}", text)
