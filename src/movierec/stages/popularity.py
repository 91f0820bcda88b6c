"""Choose the popularity baseline: the variant with the best lists on validation."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from pyspark.sql import DataFrame

from movierec.config.schema import Config
from movierec.data import datasets
from movierec.data.columns import METRICS, USER_ID
from movierec.evaluation.compare import cache_relevant_movies
from movierec.evaluation.validation import evaluate_factors
from movierec.models.popularity import Variant, popularity_factors, variants
from movierec.pipeline.context import Context
from movierec.ranking.recommend import movie_lists
from movierec.splitting.splits import TRAIN, VALIDATION


def run(context: Context) -> None:
    """Try every variant, and write the trials and the winner.

    The fact `of_known_users` has the winner's metrics if only users with a training rating had a
    list: a model that knows no others compares with these.
    """
    config = context.config
    train = context.read(datasets.SPLIT_RATINGS, split=TRAIN).persist()
    validation = context.read(datasets.SPLIT_RATINGS, split=VALIDATION)
    seen = movie_lists(train).persist()
    relevant = cache_relevant_movies(
        validation, relevant_rating=config.evaluation.relevant_rating, split=VALIDATION
    )
    relevant_lists = movie_lists(relevant).persist()
    users = relevant_lists.select(USER_ID)
    measure = partial(
        collect_variant_metrics, train, seen=seen, relevant=relevant_lists, config=config
    )
    trials = []
    for variant in variants(config.popularity):
        with context.step(f"{variant}"):
            metrics = measure(variant=variant, users=users)
        trials.append(asdict(variant) | metrics)
    winner = max(trials, key=lambda trial: trial[config.tuning.metric])
    known = users.join(seen, on=USER_ID, how="left_semi")
    some_are_cold = known.count() < users.count()
    context.facts["of_known_users"] = (
        measure(variant=Variant.of(winner), users=known)
        if some_are_cold
        else {name: winner[name] for name in METRICS}
    )
    for frame in (relevant_lists, relevant, seen, train):
        frame.unpersist()
    context.write_rows(trials, datasets.POPULARITY_TRIALS)
    context.facts["trials"] = trials
    context.facts["winner"] = winner


def collect_variant_metrics(
    train: DataFrame,
    *,
    variant: Variant,
    users: DataFrame,
    seen: DataFrame,
    relevant: DataFrame,
    config: Config,
) -> dict[str, float]:
    """Return the mean metrics of the variant's lists; `seen` and `relevant` hold `movie_lists`.

    Only `users` get a list, with or without a training rating; the others count as 0.
    """
    factors = popularity_factors(train, users=users, variant=variant, config=config)
    return evaluate_factors(
        factors.users,
        movie_factors=factors.movies,
        seen=seen,
        relevant=relevant,
        k=config.evaluation.k,
    )
