"""Fit every model on its training ratings, and write its lists for each held-out split."""

from __future__ import annotations

from pyspark.sql import DataFrame

from movierec.data import datasets
from movierec.data.columns import USER_ID
from movierec.models.als import Factors, with_block_counts
from movierec.models.names import ALS, DELIVERED, EASE, FACTORISED, ORACLE, POPULARITY, RANDOM
from movierec.models.popularity import Variant
from movierec.models.recommenders import Recommenders
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.spark import blas
from movierec.splitting.splits import HELD_OUT, VALIDATION
from movierec.stages import inputs


def run(context: Context) -> None:
    """Fit every model for each held-out split and write its recommendations."""
    context.say(blas.describe(context.spark))
    config = with_block_counts(context.config, n_ratings=inputs.count_ratings(context))
    context.facts["delivered"] = inputs.delivered_model(context)
    context.facts["users_with_popularity"] = {}
    for split in HELD_OUT:
        recommenders = Recommenders(
            train=inputs.read_training_ratings(context, split),
            heldout=context.read(datasets.SPLIT_RATINGS, split=split),
            config=config,
        )
        n_others = _recommend(context, recommenders, split)
        context.facts["users_with_popularity"][split] = n_others
        recommenders.close()


def _recommend(context: Context, recommenders: Recommenders, split: str) -> int:
    """Write the lists of every model; return how many users get popularity's as delivered."""

    def write(lists: DataFrame, model: str) -> DataFrame:
        return context.write(lists, datasets.RECOMMENDATIONS, model=model, split=split)

    fitted, lists = {}, {}
    for model in FACTORISED:
        fitted[model] = _fitted(context, recommenders, model, split)
        with context.step(f"recommend {model}"):
            lists[model] = write(recommenders.lists(fitted[model]), model)
    with context.step(f"fit {EASE}"):
        ease = recommenders.fit_ease(inputs.winner(context, EASE))
    with context.step(f"recommend {EASE}"):
        lists[EASE] = write(recommenders.ease_lists(recommenders.share_ease(ease)), EASE)
    with context.step("recommend baselines"):
        winner = context.input(dag.POPULARITY).manifest.facts["winner"]
        popularity = recommenders.popularity_factors(Variant.of(winner))
        lists[POPULARITY] = write(recommenders.lists(popularity), POPULARITY)
        write(recommenders.random_lists(popularity), RANDOM)
        write(recommenders.oracle_lists(), ORACLE)
    model = inputs.delivered_model(context)
    known = recommenders.ease_users(ease) if model == EASE else recommenders.als_users(fitted[ALS])
    if not inputs.beats_popularity(context, model):
        known = known.limit(0)
    others = recommenders.users.join(known, on=USER_ID, how="left_anti").persist()
    n_others = others.count()
    if n_others:
        of_known = lists[model].join(others, on=USER_ID, how="left_anti")
        of_others = lists[POPULARITY].join(others, on=USER_ID, how="left_semi")
        write(of_known.unionByName(of_others), DELIVERED)
    others.unpersist()
    return n_others


def _fitted(context: Context, recommenders: Recommenders, model: str, split: str) -> Factors:
    if split == VALIDATION:
        # tune has fitted the winner to the same ratings
        return inputs.read_factors(context, inputs.TUNED_FACTORS, model=model)
    with context.step(f"fit {model}"):
        factors = recommenders.fit_als(inputs.winner(context, model))
        return inputs.write_factors(context, factors, inputs.FACTORS, model=model, split=split)
