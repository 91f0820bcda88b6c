"""The charts of the report by name, for its page and for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from movierec_report import data_charts, model_charts, theme, twin_charts

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Chart:
    """A chart; as the value of a notebook cell it is shown in the notebook's theme."""

    name: str
    description: str
    """The text for screen readers."""
    figure: Figure
    """Its colours are placeholders, which `svg` replaces by those of the theme."""

    def svg(self) -> str:
        """Return an SVG that fills its container, for a page that sets the theme's variables."""
        return theme.to_svg(self.figure, name=self.name, description=self.description)

    def _repr_html_(self) -> str:
        return theme.notebook_html(self.svg(), width=self.figure.get_figwidth())


def draw_charts(facts: Facts) -> dict[str, Chart]:
    """Return the charts of report.json by name.

    `rmse` is missing if no explicit trial has an RMSE.
    """
    with theme.style():
        figures = _figures(facts)
    return {
        name: Chart(name, description, figure)
        for name, (figure, description) in figures.items()
        if figure is not None
    }


def _figures(facts: Facts) -> dict[str, tuple[Figure | None, str]]:
    summary, data, twins = facts["summary"], facts["data"], facts["twins"]
    metric = f"ndcg_at_{summary['protocol']['k']}"
    label = model_charts.metric_label(metric)
    strata = summary["strata"]["test"]
    return {
        **{
            f"comparison_{split}": (
                model_charts.comparison(summary, split, metric=metric),
                f"{label} of each model with its 95 % interval on {split}; "
                "a table below has the numbers",
            )
            for split in model_charts.SPLITS
        },
        "stars": (data_charts.star_shares(data["stars"]), "Share of ratings by stars"),
        "years": (data_charts.ratings_by_month(data["months"]), "Ratings per month, by split"),
        "users": (
            data_charts.count_histogram(data["users"]["histogram"], of="user"),
            "Number of users by their number of ratings",
        ),
        "movies": (
            data_charts.count_histogram(data["movies"]["histogram"], of="movie"),
            "Number of movies by their number of ratings",
        ),
        "rmse": (
            model_charts.rmse_against_metric(facts["trials"], metric="ndcg"),
            "RMSE and NDCG of the explicit trials",
        ),
        "activity": (
            model_charts.ndcg_by_activity(strata["users_by_activity"]),
            "NDCG of ALS and popularity by the number of ratings of a user",
        ),
        "popularity": (
            model_charts.recall_by_popularity(strata["movies_by_popularity"]),
            "Share of relevant movies found, by the number of ratings of a movie",
        ),
        "bias": (
            model_charts.popularity_bias(facts["bias"]["test"], strata["movies_by_popularity"]),
            "Popularity of the recommended movies, by model",
        ),
        "correlations": (
            twin_charts.correlations(twins, summary["twins"]),
            "Correlations of twins, random pairs and strangers",
        ),
        "curve": (
            twin_charts.correlation_by_floor(summary["twins"]["curve"]),
            "Mean correlation by the minimum number of movies per user",
        ),
        "jaccards": (twin_charts.jaccards(twins["pairs"]), "Jaccard similarity by rank"),
        "seconds": (data_charts.stage_seconds(facts["stages"]), "Seconds of each stage"),
    }
