"""How charts look: their colours are the page's, so that they follow its theme."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

# matplotlib wants a colour; the page's variable of this name takes its place in the drawing
INK: Final = "#010101"
MUTED: Final = "#020202"
GRID: Final = "#030303"
PAPER: Final = "#040404"
ALS: Final = "#050505"
POPULARITY: Final = "#060606"
EXPLICIT: Final = "#070707"
RANDOM: Final = "#080808"
ORACLE: Final = "#090909"
_VARIABLES: Final = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    PAPER: "paper",
    ALS: "als",
    POPULARITY: "popularity",
    EXPLICIT: "explicit",
    RANDOM: "random",
    ORACLE: "oracle",
}
MODEL_COLOURS: Final = {
    "als": ALS,
    "popularity": POPULARITY,
    "als_explicit": EXPLICIT,
    "random": RANDOM,
    "oracle": ORACLE,
}
MODEL_NAMES: Final = {
    "als": "ALS",
    "popularity": "popularity",
    "als_explicit": "ALS, explicit",
    "random": "random (floor)",
    "oracle": "oracle (ceiling)",
}
LIGHT: Final = {
    "paper": "#fdfdfb",
    "ink": "#1c2024",
    "muted": "#60676e",
    "grid": "#e3e5e2",
    "card": "#f4f5f2",
    "als": "#0b6e99",
    "popularity": "#c2571a",
    "explicit": "#7a4fa3",
    "random": "#8a8f94",
    "oracle": "#3d7a3d",
}
DARK: Final = {
    "paper": "#14171a",
    "ink": "#e6e8ea",
    "muted": "#9aa2aa",
    "grid": "#2c3237",
    "card": "#1c2125",
    "als": "#5bb8e0",
    "popularity": "#f0925a",
    "explicit": "#b894de",
    "random": "#868d94",
    "oracle": "#7cc07c",
}
SPLIT_COLOURS: Final = {"train": MUTED, "validation": POPULARITY, "test": ALS}
# Any, as only newer releases of matplotlib list the keys in their types
_STYLE: Final[Any] = {
    # text stays text: it can be read aloud, searched and set in the page's font
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
# what JupyterLab and VS Code call their dark themes; a browser's own preference is none of theirs
_DARK_NOTEBOOKS: Final = ('[data-jp-theme-light="false"]', ".vscode-dark")
_IN_NOTEBOOK: Final = "movierec-chart"
_REFERENCE: Final = re.compile(r'(href="#|url\(#)([^")]+)')


@contextmanager
def style() -> Iterator[None]:
    """Draw in the report's style while the block runs."""
    with mpl.rc_context(_STYLE):
        yield


def figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure of so many inches, and its axes."""
    drawing = Figure(figsize=(width, height), layout="constrained")
    return drawing, drawing.subplots()


def whole_numbers(axis: Axis) -> None:
    """Label an axis by plain numbers with commas, not by powers."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def bare(axes: Axes, *, grid: str) -> None:
    """Leave the axes no ticks, and a grid along one direction only: x or y."""
    axes.tick_params(length=0, pad=6)
    axes.grid(visible=False)
    axes.grid(visible=True, axis=grid)  # type: ignore[arg-type]


def to_svg(drawing: Figure, *, name: str, description: str) -> str:
    """Return the figure as an element for a page, told to who cannot see it by its description."""
    buffer = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = _with_own_ids(text, name)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    text = re.sub(r'(<svg [^>]*?)\s(?:width|height)="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg [^>]*?)\s(?:width|height)="[^"]*"', r"\1", text, count=1)
    return text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(description)}" ', 1)


def page_variables() -> str:
    """Return the style that gives a page the theme's variables, as its reader likes it."""
    return (
        f":root {{ color-scheme: light dark; {_declared(LIGHT)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_declared(DARK)} }} }}\n"
    )


def in_notebook(svg: str, *, width: float) -> str:
    """Return the element with its colours and at most so many inches wide, for a cell's output."""
    dark = ", ".join(f"{theme} .{_IN_NOTEBOOK}" for theme in _DARK_NOTEBOOKS)
    style = (
        f".{_IN_NOTEBOOK} {{ background: var(--paper); {_declared(LIGHT)} }}\n"
        f"{dark} {{ {_declared(DARK)} }}\n"
        f".{_IN_NOTEBOOK} svg {{ display: block; width: 100%; height: auto; }}\n"
    )
    return (
        f'<div class="{_IN_NOTEBOOK}" style="max-width: {width:g}in">'
        f"<style>\n{style}</style>{svg}</div>"
    )


def _declared(palette: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in palette.items())


def legend(drawing: Figure, **options: Any) -> None:
    """Put a legend outside of the axes, where there is anything to tell apart."""
    if any(axes.get_legend_handles_labels()[0] for axes in drawing.axes):
        drawing.legend(**{"loc": "outside upper right", **options})


def _with_own_ids(text: str, name: str) -> str:
    """Keep the ids that the drawing itself refers to, under names that no other drawing has."""
    wanted = {found[1] for found in _REFERENCE.findall(text)}
    text = re.sub(
        r' id="([^"]*)"',
        lambda found: f' id="{name}-{found[1]}"' if found[1] in wanted else "",
        text,
    )
    return _REFERENCE.sub(lambda found: f"{found[1]}{name}-{found[2]}", text)
