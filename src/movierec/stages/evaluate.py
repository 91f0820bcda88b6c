"""Measure and compare the models on validation and test, and write summary.json."""

from __future__ import annotations

from dataclasses import asdict

from pyspark.sql import DataFrame

from movierec.data import datasets
from movierec.data.datasets import Dataset
from movierec.evaluation.compare import (
    COMPARISONS,
    ModelMetrics,
    SplitEvaluation,
    cache_relevant_movies,
    collect_evaluation,
    collect_model_metrics,
)
from movierec.models.names import ALS, DELIVERED, MODELS, POPULARITY, SEGMENT_POPULARITY
from movierec.models.popularity import Variant
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.pipeline.exports import to_json
from movierec.reporting import summary
from movierec.splitting.splits import HELD_OUT
from movierec.stages.inputs import read_lists, read_training_ratings
from movierec.tuning.search import Trial


def run(context: Context) -> None:
    """Measure and compare the models on each held-out split, and write summary.json."""
    evaluations = {split: _evaluate(context, split) for split in HELD_OUT}
    popularity = context.input(dag.POPULARITY).manifest.facts["winner"]
    tune = context.input(dag.TUNE).manifest
    found = summary.evaluation_summary(
        evaluations,
        ingest=context.input(dag.INGEST).manifest,
        partition=context.input(dag.PARTITION).manifest,
        tune=tune,
        params={
            POPULARITY: asdict(Variant.of(popularity)),
            SEGMENT_POPULARITY: {"pseudo_likes": context.config.segments.pseudo_likes},
            **{model: asdict(Trial.params_of(row)) for model, row in tune.facts["winners"].items()},
        },
        shuffled_p99=context.input(dag.SEGMENTS).manifest.facts["shuffled_p99"],
        config=context.config.evaluation,
    )
    context.attempt.write_text(dag.SUMMARY, to_json(found))


def _evaluate(context: Context, split: str) -> SplitEvaluation:
    config = context.config.evaluation
    heldout = context.read(datasets.SPLIT_RATINGS, split=split)
    relevant = cache_relevant_movies(heldout, relevant_rating=config.relevant_rating, split=split)
    metrics = {model: _measure(context, model, split, relevant) for model in MODELS}
    with_popularity = context.input(dag.RECOMMEND).manifest.facts["users_with_popularity"]
    delivered = context.input(dag.RECOMMEND).manifest.facts["delivered"]
    comparisons = [*COMPARISONS, (SEGMENT_POPULARITY, POPULARITY), (ALS, SEGMENT_POPULARITY)]
    if any(with_popularity.values()):
        differs = with_popularity[split] > 0
        metrics[DELIVERED] = (
            _measure(context, DELIVERED, split, relevant) if differs else metrics[delivered]
        )
        comparisons.append((DELIVERED, POPULARITY))
    with context.step("compare"):
        evaluation = collect_evaluation(
            metrics,
            train=read_training_ratings(context, split),
            heldout=heldout,
            relevant=relevant,
            config=config,
            comparisons=comparisons,
        )
    relevant.unpersist()
    return evaluation


def _measure(context: Context, model: str, split: str, relevant: DataFrame) -> ModelMetrics:
    def write(frame: DataFrame, dataset: Dataset) -> DataFrame:
        return context.write(frame, dataset, model=model, split=split)

    with context.step(f"evaluate {model}"):
        lists = read_lists(context, model, split)
        k = context.config.evaluation.k
        return collect_model_metrics(lists, relevant=relevant, k=k, write=write)
