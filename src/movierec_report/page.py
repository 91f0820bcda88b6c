"""The page of the report: one self-contained HTML file, drawn from report.json."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from movierec.errors import InputError
from movierec_report import model_charts, sentences, theme
from movierec_report.charts import draw_charts

Facts = Mapping[str, Any]
VERSION = 5
"""Version of the layout of report.json that this module draws."""


def render(
    facts: Facts, *, title: str, command: str, commit: str | None, stability: Facts | None = None
) -> str:
    """Return the page of `facts` (report.json) and `stability` (stability.json).

    `command` is the one that makes the results again. `stability` is left out if it is of another
    conf or archive. Raises InputError for facts of another version.
    """
    if facts.get("version") != VERSION:
        raise InputError(
            f"report.json has version {facts.get('version')}, not {VERSION}: run "
            "`make report FORCE=1` to make it again"
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
    environment.filters |= {
        "number": lambda value: f"{value:,.0f}",
        "decimals": _decimals,
        "percent": lambda value: f"{100 * value:.1f} %",
        "gib": lambda value: "–" if value is None else f"{value / (1 << 30):.1f}",
        "label": model_charts.metric_label,
    }
    style_sheet = resources.files("movierec_report").joinpath("templates", "style.css")
    k = facts["summary"]["protocol"]["k"]
    metric = f"ndcg_at_{k}"
    # safe: the text is the suite's own, and matplotlib escapes it
    charts = {name: Markup(chart.svg()) for name, chart in draw_charts(facts).items()}
    return environment.get_template("report.html.j2").render(
        facts=facts,
        summary=facts["summary"],
        twins=facts["summary"]["twins"],
        segments=facts["summary"]["segments"],
        title=title,
        k=k,
        metric=metric,
        metrics=[f"{name}_at_{k}" for name in ("precision", "map", "ndcg", "recall")],
        names=theme.MODEL_NAMES,
        leads={"als_vs_popularity": "ALS − popularity", "ease_vs_als": "EASE − ALS"},
        charts=charts,
        heat_maps=model_charts.heat_maps(facts["trials"], metric="ndcg"),
        sentences=sentences,
        style=Markup(theme.page_css() + style_sheet.read_text("utf-8")),
        stability=stability,
        command=command,
        ask=sentences.ask_commands(command, facts),
        commit=commit,
    )


def _decimals(value: float | None, digits: int = 4) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
