"""The metrics of a model on validation, in one pass and without writing its lists."""

from __future__ import annotations

import functools

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import MOVIES, N_RELEVANT, USER_ID
from movierec.evaluation.metrics import collect_means, metrics_of_hits
from movierec.ranking.catalogue import collect_catalogue
from movierec.ranking.recommend import recommend
from movierec.ranking.topk import unseen_top_k


def evaluate_factors(
    user_factors: DataFrame,
    *,
    movie_factors: DataFrame,
    seen: DataFrame,
    relevant: DataFrame,
    k: int,
) -> dict[str, float]:
    """Return the mean metrics of the exact top k of all unseen movies.

    `seen` and `relevant` hold `movie_lists`. The mean is over all users with a relevant movie;
    users without factors count as 0. Only hits leave the kernel and are shuffled: about three of a
    hundred rows per user.
    """
    context = user_factors.sparkSession.sparkContext
    catalogue = context.broadcast(collect_catalogue(movie_factors, user_factors))
    hits = user_factors.transform(
        recommend,
        catalogue=catalogue,
        movies=seen,
        kernel=functools.partial(unseen_top_k, k=k),
        keep_only=relevant,
    )
    means = evaluate_hits(hits, relevant=relevant, k=k)
    catalogue.destroy()
    return means


def evaluate_hits(hits: DataFrame, *, relevant: DataFrame, k: int) -> dict[str, float]:
    """Return the mean metrics of lists of which `hits` holds the relevant movies, with ranks."""
    n_relevant = relevant.select(USER_ID, F.size(MOVIES).alias(N_RELEVANT))
    return collect_means(hits.transform(metrics_of_hits, n_relevant=n_relevant, k=k))
