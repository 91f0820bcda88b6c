"""Draws the report: report.json in, one HTML file that needs nothing else out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup
from matplotlib.figure import Figure

from movierec.errors import InputError
from movierec_report import data_charts, model_charts, theme, twin_charts, words

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

    Raises InputError for facts of another version.
    """
    if facts.get("version") != VERSION:
        raise InputError(
            f"report.json has the layout {facts.get('version')}, not {VERSION}: make it again with "
            "`make report FORCE=1`"
        )
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
    with theme.style():
        charts = _charts(facts, metric=metric)
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
        style=Markup(_text("style.css")),
        stability=stability,
        commands=commands,
        commit=commit,
    )


def _charts(facts: Facts, *, metric: str) -> dict[str, Any]:
    summary, data, twins = facts["summary"], facts["data"], facts["twins"]
    strata = summary["strata"]["test"]
    drawn: dict[str, tuple[Figure | None, str]] = {
        **{
            f"comparison_{split}": (
                model_charts.comparison(summary, split, metric=metric),
                f"{model_charts.label(metric)} of each model with its 95 % interval on {split}; "
                "the numbers stand in a table below",
            )
            for split in model_charts.SPLITS
        },
        "stars": (data_charts.stars(data["stars"]), "Share of ratings by stars"),
        "years": (data_charts.years(data["months"]), "Ratings a month, by split"),
        "users": (
            data_charts.spread(data["users"]["histogram"], of="user"),
            "How many users have how many ratings",
        ),
        "movies": (
            data_charts.spread(data["movies"]["histogram"], of="movie"),
            "How many movies have how many ratings",
        ),
        "rmse": (
            model_charts.rmse_against_lists(facts["trials"], metric="ndcg"),
            "RMSE against NDCG of the explicit trials",
        ),
        "activity": (
            model_charts.by_activity(strata["users_by_activity"]),
            "NDCG of ALS and popularity by how active a user is",
        ),
        "popularity": (
            model_charts.by_popularity(strata["movies_by_popularity"]),
            "Relevant movies found by how popular they are",
        ),
        "bias": (
            model_charts.list_bias(facts["bias"]["test"], strata["movies_by_popularity"]),
            "How popular the recommended movies are, by model",
        ),
        "correlations": (
            twin_charts.correlations(twins, summary["twins"]),
            "Correlations of twins, of random pairs and of strangers",
        ),
        "curve": (twin_charts.curve(summary["twins"]["curve"]), "Mean correlation by floor"),
        "jaccards": (twin_charts.jaccards(twins["pairs"]), "Jaccard similarity by rank"),
        "seconds": (data_charts.seconds(facts["stages"]), "Seconds of each stage"),
    }
    charts: dict[str, Any] = {
        name: _drawn(drawing, name, description)
        for name, (drawing, description) in drawn.items()
        if drawing is not None
    }
    return charts


def _drawn(drawing: Figure, name: str, description: str) -> Markup:
    # its text is the suite's own, and matplotlib escapes it
    return Markup(theme.to_svg(drawing, name=name, description=description))


def _text(name: str) -> str:
    return resources.files("movierec_report").joinpath("templates", name).read_text("utf-8")


def _decimals(value: float | None, digits: int = 4) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
