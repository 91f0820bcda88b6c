"""Everything that `find_twins` learns of the twins' ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from movierec.config.twins import TwinsConfig
from movierec.twins.pair_groups import Measured, Study, collect_measured
from movierec.twins.shared_titles import collect_shared_titles
from movierec.twins.strangers import against_strangers


@dataclass(frozen=True)
class Findings:
    """The twins, measured."""

    twins: Measured
    curve: list[Measured]
    """One entry a floor."""
    strangers: dict[str, Any]
    """The twins against strangers who rated the same movies."""
    titles: list[list[str]]
    """The most telling common movies of each pair."""


def collect_findings(
    ratings: DataFrame,
    *,
    movies: DataFrame,
    study: Study,
    curve: Sequence[Study],
    liked: float,
    config: TwinsConfig,
) -> Findings:
    """Return how the pairs of the study and of the curve agree, and what the twins share.

    `liked` is the least rating of a movie that one likes.
    """
    twins, *points = collect_measured(ratings, [study, *curve], min_common=config.min_common)
    return Findings(
        twins=twins,
        curve=points,
        strangers=against_strangers(
            twins.common, users=twins.twin_users().ravel().tolist(), ratings=ratings, config=config
        ),
        titles=collect_shared_titles(twins.common, ratings=ratings, movies=movies, liked=liked),
    )
