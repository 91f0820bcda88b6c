"""The report's charts by name, for its page and for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from movierec_report import data_charts, model_charts, theme, twin_charts

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Chart:
    """A chart that shows itself as the value of a notebook's cell, light or dark as that is."""

    name: str
    description: str
    """For who cannot see it."""
    figure: Figure
    """Its colours stand for the theme's, which `svg` puts in their place."""

    def svg(self) -> str:
        """Return the chart for a page that sets the theme's variables, as wide as its place."""
        return theme.to_svg(self.figure, name=self.name, description=self.description)

    def _repr_html_(self) -> str:
        return theme.in_notebook(self.svg(), width=self.figure.get_figwidth())


def draw_charts(facts: Facts) -> dict[str, Chart]:
    """Return the charts that can be drawn from report.json's facts, by name.

    RMSE is missing where no explicit trial has any.
    """
    with theme.style():
        drawn = _figures(facts)
    return {
        name: Chart(name, description, figure)
        for name, (figure, description) in drawn.items()
        if figure is not None
    }


def _figures(facts: Facts) -> dict[str, tuple[Figure | None, str]]:
    summary, data, twins = facts["summary"], facts["data"], facts["twins"]
    metric = f"ndcg_at_{summary['protocol']['k']}"
    strata = summary["strata"]["test"]
    return {
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
