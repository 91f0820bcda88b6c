"""Draws the report: report.json in, one HTML file that needs nothing else out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from movierec.errors import InputError
from movierec_report import model_charts, theme, words
from movierec_report.charts import draw_charts

Facts = Mapping[str, Any]
VERSION = 1
"""Of report.json, as this draws it."""


def render(
    facts: Facts,
    *,
    title: str,
    commands: Sequence[str],
    commit: str | None,
    stability: Facts | None = None,
) -> str:
    """Return the page: `facts` are report.json's, `stability` stability.json's.

    What other splits gave is shown where the conf and archive are those of the facts.
    Raises InputError for facts of another version.
    """
    if facts.get("version") != VERSION:
        raise InputError(
            f"report.json has the layout {facts.get('version')}, not {VERSION}: make it again with "
            "`make report FORCE=1`"
        )
    if stability and stability.get("fingerprint") != facts["stages"]["evaluate"]["fingerprint"]:
        stability = None
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("movierec_report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "number": lambda value: f"{value:,.0f}",
        "decimals": _decimals,
        "percent": lambda value: f"{100 * value:.1f} %",
        "gib": lambda value: "–" if value is None else f"{value / (1 << 30):.1f}",
        "label": model_charts.label,
        "ranged": model_charts.ranged,
    }
    environment.filters |= filters
    k = facts["summary"]["protocol"]["k"]
    metric = f"ndcg_at_{k}"
    # their text is the suite's own, and matplotlib escapes it
    charts = {name: Markup(chart.svg()) for name, chart in draw_charts(facts).items()}
    return environment.get_template("report.html.j2").render(
        facts=facts,
        summary=facts["summary"],
        twins=facts["summary"]["twins"],
        title=title,
        k=k,
        metric=metric,
        metrics=[f"{name}_at_{k}" for name in ("precision", "map", "ndcg", "recall")],
        names=theme.MODEL_NAMES,
        charts=charts,
        surfaces=model_charts.surfaces(facts["trials"], metric="ndcg"),
        words=words,
        style=Markup(theme.page_variables() + _text("style.css")),
        stability=stability,
        commands=commands,
        commit=commit,
    )


def _text(name: str) -> str:
    return resources.files("movierec_report").joinpath("templates", name).read_text("utf-8")


def _decimals(value: float | None, digits: int = 4) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
