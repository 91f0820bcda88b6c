"""The variants of the popularity baseline, and how good their lists are on validation."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import DataFrame

from movierec.config.schema import Config, PopularityConfig
from movierec.data.columns import USER_ID
from movierec.evaluation.validation import evaluate_factors
from movierec.models.popularity import Variant, item_factors, movie_scores, user_factors


def variants(config: PopularityConfig) -> Iterator[Variant]:
    """Yield the variants that compete on validation, the simplest first."""
    yield Variant(kind="count", damping=None)
    yield Variant(kind="liked", damping=None)
    for damping in config.dampings:
        yield Variant(kind="damped_mean", damping=damping)


def collect_variant_metrics(
    train: DataFrame, *, variant: Variant, seen: DataFrame, relevant: DataFrame, config: Config
) -> dict[str, float]:
    """Return the mean metrics of the variant's lists; `seen` and `relevant` hold
    `movie_lists`.

    Users without a training rating get a list, too.
    """
    scores = movie_scores(
        train,
        variant=variant,
        relevant_rating=config.evaluation.relevant_rating,
        min_ratings=config.popularity.min_ratings,
    )
    return evaluate_factors(
        user_factors(relevant.select(USER_ID)),
        movie_factors=item_factors(scores),
        seen=seen,
        relevant=relevant,
        k=config.evaluation.k,
    )
