"""The metrics of a model's lists on validation, in one pass and without writing the lists."""

from __future__ import annotations

import functools

from pyspark.sql import DataFrame

from movierec.evaluation.metrics import collect_means, user_metrics
from movierec.ranking.catalogue import collect_catalogue
from movierec.ranking.recommend import movie_lists, recommend
from movierec.ranking.topk import unseen_top_k


def collect_unseen_metrics(
    user_factors: DataFrame,
    *,
    movie_factors: DataFrame,
    seen: DataFrame,
    relevant: DataFrame,
    k: int,
) -> dict[str, float]:
    """Return the mean metrics of the exact top k of all unseen movies.

    `seen` holds `movie_lists`, `relevant` the relevant (user, movie) pairs. Every user with a
    relevant movie counts, those without a factor as 0. Only hits leave the kernel: of a hundred
    rows a user about three, and nothing but them is joined.
    """
    context = user_factors.sparkSession.sparkContext
    catalogue = context.broadcast(collect_catalogue(movie_factors, user_factors))
    hits = user_factors.transform(
        recommend,
        catalogue=catalogue,
        movies=seen,
        kernel=functools.partial(unseen_top_k, k=k),
        shown=movie_lists(relevant),
    )
    means = collect_means(hits.transform(user_metrics, relevant=relevant, k=k))
    catalogue.destroy()
    return means
