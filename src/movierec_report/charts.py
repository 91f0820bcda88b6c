"""The charts of the report by name, for its page and for notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from movierec_report import data_charts, model_charts, segment_charts, theme, twin_charts

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

    `rmse` is missing if no explicit trial has an RMSE, `segment_traits` if there is no trait.
    """
    with theme.style():
        figures = list(_figures(facts))
    return {
        name: Chart(name, description, figure)
        for name, description, figure in figures
        if figure is not None
    }


def _figures(facts: Facts) -> Iterator[tuple[str, str, Figure | None]]:
    """Yield the name, the description and the figure of each chart."""
    summary, data, twins = facts["summary"], facts["data"], facts["twins"]
    metric = f"ndcg_at_{summary['protocol']['k']}"
    label = model_charts.metric_label(metric)
    strata = summary["strata"]["test"]
    users, movies = strata["users_by_activity"], strata["movies_by_popularity"]
    for split in model_charts.SPLITS:
        text = f"{label} of each model with its 95 % interval on {split}"
        figure = model_charts.comparison(summary, split, metric=metric)
        yield f"comparison_{split}", f"{text}; a table below has the numbers", figure
    yield "stars", "Share of ratings by stars", data_charts.star_shares(data["stars"])
    yield "years", "Ratings per month, by split", data_charts.ratings_by_month(data["months"])
    for of in ("user", "movie"):
        figure = data_charts.count_histogram(data[f"{of}s"]["histogram"], of=of)
        yield f"{of}s", f"Number of {of}s by their number of ratings", figure
    rmse = model_charts.rmse_against_metric(facts["trials"], metric="ndcg")
    yield "rmse", "RMSE and NDCG of the explicit trials", rmse
    text = "NDCG of EASE, ALS and popularity by the number of ratings of a user"
    x = "earlier ratings of the user"
    yield "activity", text, model_charts.metric_by_group(users, "ndcg", x=x, y="NDCG")
    text = "Share of relevant movies found, by the number of ratings of a movie"
    x, y = "earlier ratings of the movie", "relevant movies found"
    yield "popularity", text, model_charts.metric_by_group(movies, "recall", x=x, y=y)
    figure = model_charts.popularity_bias(facts["bias"]["test"], movies)
    yield "bias", "Popularity of the recommended movies, by model", figure
    segments, count = facts["segments"], summary["segments"]["count"]
    profiles, tried = segments["profiles"], summary["segments"]["tried"]
    yield "segment_sizes", "Share of the users in each segment", segment_charts.sizes(profiles)
    figure = segment_charts.user_map(segments["map"], count=count)
    yield "segment_map", "Users as points, by segment", figure
    likes = segment_charts.traits(profiles, segments["traits"])
    yield "segment_traits", "The surest likes of each segment", likes
    figure = segment_charts.stability(tried, count=count)
    yield "segment_stability", "Agreement of resamples by the number of segments", figure
    figure = segment_charts.usefulness(tried, count=count)
    yield "segment_usefulness", "NDCG on validation by the number of segments", figure
    figure = twin_charts.correlations(twins, summary["twins"])
    yield "correlations", "Correlations of twins, random pairs and strangers", figure
    figure = twin_charts.correlation_by_floor(summary["twins"]["curve"])
    yield "curve", "Mean correlation by the minimum number of movies per user", figure
    yield "jaccards", "Jaccard similarity by rank", twin_charts.jaccards(twins["pairs"])
    yield "seconds", "Seconds of each stage", data_charts.stage_seconds(facts["stages"])
