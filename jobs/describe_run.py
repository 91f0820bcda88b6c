"""Gather what the report shows, of every stage, into report.json."""

import json
from typing import Any

from movierec.data.columns import MOVIE_ID, USER_ID
from movierec.data.schemas import (
    MOVIES,
    RANDOM_PAIRS,
    RATINGS,
    RECOMMENDATIONS,
    TWINS,
    USER_METRICS,
)
from movierec.evaluation.metrics import relevant_movies
from movierec.models import names as models
from movierec.pipeline import dag
from movierec.pipeline.cli import main
from movierec.pipeline.context import Context
from movierec.reporting import facts as report_facts
from movierec.reporting.distributions import (
    collect_month_counts,
    collect_spread,
    collect_star_counts,
)
from movierec.reporting.examples import RULE, Material, collect_examples
from movierec.reporting.popularity_bias import collect_list_bias
from movierec.splitting.splits import SPLITS, TEST
from movierec.stages.known import read_known


def run(context: Context) -> None:
    inputs = {stage.name: context.input(stage) for stage in dag.REPORT.inputs}
    found: dict[str, Any] = {}
    for result in inputs.values():
        text = context.execution.files.read_text(f"{result.path}/{dag.SUMMARY}")
        found |= json.loads(text) if text else {}
    facts = report_facts.report_facts(
        summary=found,
        manifests={name: result.manifest for name, result in inputs.items()},
        data=data(context),
        bias={TEST: bias(context, TEST)},
        examples=examples(context),
        twins=twins(context),
    )
    context.draft.write_text(dag.REPORT_FACTS, report_facts.to_json(facts))


def data(context: Context) -> dict[str, object]:
    with context.step("data"):
        ratings = context.read(dag.INGEST, "ratings", RATINGS)
        splits = {name: context.read(dag.PARTITION, name, RATINGS) for name in SPLITS}
        return {
            "stars": collect_star_counts(ratings),
            "months": collect_month_counts(splits),
            "users": collect_spread(ratings, key=USER_ID),
            "movies": collect_spread(ratings, key=MOVIE_ID),
        }


def bias(context: Context, split: str) -> dict[str, object]:
    with context.step(f"bias {split}"):
        lists = {
            model: context.read(dag.RECOMMEND, f"recommendations/{model}/{split}", RECOMMENDATIONS)
            for model in models.MODELS
        }
        groups = context.config.evaluation.strata
        return dict(collect_list_bias(lists, known=read_known(context, split), groups=groups))


def examples(context: Context) -> dict[str, object]:
    with context.step("examples"):
        liked = context.config.evaluation.relevant_rating
        material = Material(
            known=read_known(context, TEST),
            relevant=relevant_movies(
                context.read(dag.PARTITION, TEST, RATINGS), relevant_rating=liked
            ),
            recommendations=context.read(
                dag.RECOMMEND, f"recommendations/{models.ALS}/{TEST}", RECOMMENDATIONS
            ),
            movies=context.read(dag.INGEST, "movies", MOVIES),
            metrics={
                model: context.read(dag.EVALUATE, f"user_metrics/{model}/{TEST}", USER_METRICS)
                for model in (models.ALS, models.POPULARITY)
            },
        )
        return {"rule": RULE, "users": collect_examples(material, relevant_rating=liked)}


def twins(context: Context) -> dict[str, object]:
    pairs = context.read(dag.TWINS, "twins", TWINS).orderBy("rank").collect()
    random = context.read(dag.TWINS, "random_pairs", RANDOM_PAIRS).collect()
    return {
        "pairs": [row.asDict() for row in pairs],
        "random": sorted(row["correlation"] for row in random if row["correlation"] is not None),
    }


if __name__ == "__main__":
    main(dag.REPORT, run)
