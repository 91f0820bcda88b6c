"""Fit every model on its training ratings, and write its lists for each held-out split."""

from __future__ import annotations

from pyspark.sql import DataFrame

from movierec.data import datasets
from movierec.models.als import Factors, with_block_counts
from movierec.models.names import ORACLE, POPULARITY, RANDOM, TUNED
from movierec.models.popularity import Variant
from movierec.models.recommenders import Recommenders
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.spark import blas
from movierec.splitting.splits import HELD_OUT, VALIDATION
from movierec.stages import inputs
from movierec.tuning.search import Trial


def run(context: Context) -> None:
    """Fit every model for each held-out split and write its recommendations."""
    context.say(blas.describe(context.spark))
    config = with_block_counts(context.config, n_ratings=inputs.count_ratings(context))
    for split in HELD_OUT:
        recommenders = Recommenders(
            train=inputs.read_training_ratings(context, split),
            heldout=context.read(datasets.SPLIT_RATINGS, split=split),
            config=config,
        )
        _recommend(context, recommenders, split)
        recommenders.close()


def _recommend(context: Context, recommenders: Recommenders, split: str) -> None:
    def write(lists: DataFrame, model: str) -> None:
        context.write(lists, datasets.RECOMMENDATIONS, model=model, split=split)

    for model in TUNED:
        factors = _fitted(context, recommenders, model, split)
        with context.step(f"recommend {model}"):
            write(recommenders.lists(factors), model)
    with context.step("recommend baselines"):
        winner = context.input(dag.POPULARITY).manifest.facts["winner"]
        popularity = recommenders.popularity_factors(Variant.of(winner))
        write(recommenders.lists(popularity), POPULARITY)
        write(recommenders.random_lists(popularity), RANDOM)
        write(recommenders.oracle_lists(), ORACLE)


def _fitted(context: Context, recommenders: Recommenders, model: str, split: str) -> Factors:
    if split == VALIDATION:
        # tune has fitted the winner to the same ratings
        return inputs.read_factors(context, inputs.TUNED_FACTORS, model=model)
    winners = context.input(dag.TUNE).manifest.facts["winners"]
    with context.step(f"fit {model}"):
        factors = recommenders.fit_als(Trial.params_of(winners[model]))
        return inputs.write_factors(context, factors, inputs.FACTORS, model=model, split=split)
