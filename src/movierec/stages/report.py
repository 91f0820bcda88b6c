"""Gather what the report shows, of every stage, into report.json."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from movierec.data import datasets
from movierec.data.columns import KIND, LIFT, MOVIE_ID, P_VALUE, RANK, SEGMENT, TRAIT, USER_ID
from movierec.evaluation.metrics import relevant_movies
from movierec.models.names import ALS, MODELS, POPULARITY
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.pipeline.exports import DoneStage, merge_summaries, to_json
from movierec.reporting import facts as report_facts
from movierec.reporting.distributions import (
    collect_count_distribution,
    collect_month_counts,
    collect_star_counts,
)
from movierec.reporting.examples import RULE, ExampleInputs, collect_examples
from movierec.reporting.popularity_bias import collect_popularity_bias
from movierec.reporting.twin_segments import collect_twins_together
from movierec.splitting.splits import SPLITS, TEST
from movierec.stages.inputs import read_lists, read_training_ratings

_TRAITS = 10
"""Shown of each segment, of what it likes more and of what it likes less."""


def run(context: Context) -> None:
    """Gather what the report shows, and write report.json."""
    inputs = [context.input(stage) for stage in dag.REPORT.inputs]
    done = [DoneStage(one.manifest.stage, one.manifest.seconds, one.read_text) for one in inputs]
    summary = merge_summaries(done)
    del summary["timings"]
    together = {"twins": collect_twins_together(*_twins_and_members(context))}
    summary["segments"] |= together
    facts = report_facts.report_facts(
        summary=summary,
        manifests={one.manifest.stage: one.manifest for one in inputs},
        data=_data(context),
        bias={TEST: _bias(context, TEST)},
        examples=_examples(context),
        delivered=_delivered(context),
        segments=_segments(context),
        twins=_twins(context),
    )
    context.attempt.write_text(dag.REPORT_FACTS, report_facts.to_json(facts))
    context.attempt.write_text(dag.SUMMARY, to_json({"segments": together}))


def _data(context: Context) -> dict[str, object]:
    with context.step("data"):
        ratings = context.read(datasets.RATINGS)
        splits = {name: context.read(datasets.SPLIT_RATINGS, split=name) for name in SPLITS}
        return {
            "stars": collect_star_counts(ratings),
            "months": collect_month_counts(splits),
            "users": collect_count_distribution(ratings, key=USER_ID),
            "movies": collect_count_distribution(ratings, key=MOVIE_ID),
        }


def _bias(context: Context, split: str) -> dict[str, object]:
    with context.step(f"bias {split}"):
        lists = {model: read_lists(context, model, split) for model in MODELS}
        groups = context.config.evaluation.strata
        return dict(
            collect_popularity_bias(
                lists, train=read_training_ratings(context, split), groups=groups
            )
        )


def _examples(context: Context) -> dict[str, object]:
    with context.step("examples"):
        liked = context.config.evaluation.relevant_rating
        inputs = ExampleInputs(
            train=read_training_ratings(context, TEST),
            relevant=relevant_movies(
                context.read(datasets.SPLIT_RATINGS, split=TEST), relevant_rating=liked
            ),
            recommendations=context.read(datasets.RECOMMENDATIONS, model=ALS, split=TEST),
            movies=context.read(datasets.MOVIES),
            metrics={
                model: context.read(datasets.USER_METRICS, model=model, split=TEST)
                for model in (ALS, POPULARITY)
            },
            delivered=context.read(datasets.DELIVERED),
        )
        return {"rule": RULE, "users": collect_examples(inputs, relevant_rating=liked)}


def _delivered(context: Context) -> dict[str, object]:
    with context.step("delivered"):
        listed = context.read(datasets.DELIVERED).select(MOVIE_ID).distinct().count()
        rated = context.read(datasets.RATINGS).select(MOVIE_ID).distinct()
        candidates = context.read(datasets.MOVIES).join(rated, on=MOVIE_ID, how="left_semi").count()
        found = context.input(dag.DELIVER).manifest.facts
        return {
            "users": found["users"],
            "model": found["model"],
            "beats_popularity": found["beats_popularity"],
            "listed_movies": listed,
            "candidate_movies": candidates,
        }


def _segments(context: Context) -> dict[str, object]:
    with context.step("segments"):
        profiles = context.read(datasets.SEGMENT_PROFILES).orderBy(SEGMENT).collect()
        surest = Window.partitionBy(SEGMENT, F.col(LIFT) > 1).orderBy(P_VALUE, KIND, TRAIT)
        traits = (
            context.read(datasets.SEGMENT_TRAITS)
            .withColumn(RANK, F.row_number().over(surest))
            .where(F.col(RANK) <= _TRAITS)
            .orderBy(SEGMENT, RANK, KIND, TRAIT)
        )
        places = context.read(datasets.SEGMENT_MAP).orderBy(USER_ID)
        return {
            "profiles": [row.asDict() for row in profiles],
            "traits": [row.asDict() for row in traits.collect()],
            "map": [row.asDict() for row in places.collect()],
        }


def _twins_and_members(context: Context) -> tuple[DataFrame, DataFrame]:
    return context.read(datasets.TWINS), context.read(datasets.SEGMENT_MEMBERS)


def _twins(context: Context) -> dict[str, object]:
    pairs = context.read(datasets.TWINS).orderBy("rank").collect()
    random = context.read(datasets.RANDOM_PAIRS).collect()
    return {
        "pairs": [row.asDict() for row in pairs],
        "random": sorted(row["correlation"] for row in random if row["correlation"] is not None),
    }
