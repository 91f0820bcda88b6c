"""Gather what the report shows, of every stage, into report.json."""

import json
from typing import Any

from movierec import models, report_facts, stages
from movierec.columns import MOVIE_ID, USER_ID
from movierec.context import Context
from movierec.distributions import collect_month_counts, collect_spread, collect_star_counts
from movierec.examples import RULE, Material, collect_examples
from movierec.job import main
from movierec.known import read_known
from movierec.list_bias import collect_list_bias
from movierec.metrics import relevant_movies
from movierec.schemas import MOVIES, RANDOM_PAIRS, RATINGS, RECOMMENDATIONS, TWINS, USER_METRICS
from movierec.splits import SPLITS, TEST


def run(context: Context) -> None:
    inputs = {stage.name: context.input(stage) for stage in stages.REPORT.inputs}
    found: dict[str, Any] = {}
    for result in inputs.values():
        text = context.execution.files.read_text(f"{result.path}/{stages.SUMMARY}")
        found |= json.loads(text) if text else {}
    facts = report_facts.report_facts(
        summary=found,
        manifests={name: result.manifest for name, result in inputs.items()},
        data=data(context),
        bias={TEST: bias(context, TEST)},
        examples=examples(context),
        twins=twins(context),
    )
    context.draft.write_text(stages.REPORT_FACTS, report_facts.to_json(facts))


def data(context: Context) -> dict[str, object]:
    with context.step("data"):
        ratings = context.read(stages.INGEST, "ratings", RATINGS)
        splits = {name: context.read(stages.PARTITION, name, RATINGS) for name in SPLITS}
        return {
            "stars": collect_star_counts(ratings),
            "months": collect_month_counts(splits),
            "users": collect_spread(ratings, key=USER_ID),
            "movies": collect_spread(ratings, key=MOVIE_ID),
        }


def bias(context: Context, split: str) -> dict[str, object]:
    with context.step(f"bias {split}"):
        lists = {
            model: context.read(
                stages.RECOMMEND, f"recommendations/{model}/{split}", RECOMMENDATIONS
            )
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
                context.read(stages.PARTITION, TEST, RATINGS), relevant_rating=liked
            ),
            recommendations=context.read(
                stages.RECOMMEND, f"recommendations/{models.ALS}/{TEST}", RECOMMENDATIONS
            ),
            movies=context.read(stages.INGEST, "movies", MOVIES),
            metrics={
                model: context.read(stages.EVALUATE, f"user_metrics/{model}/{TEST}", USER_METRICS)
                for model in (models.ALS, models.POPULARITY)
            },
        )
        return {"rule": RULE, "users": collect_examples(material, relevant_rating=liked)}


def twins(context: Context) -> dict[str, object]:
    pairs = context.read(stages.TWINS, "twins", TWINS).orderBy("rank").collect()
    random = context.read(stages.TWINS, "random_pairs", RANDOM_PAIRS).collect()
    return {
        "pairs": [row.asDict() for row in pairs],
        "random": sorted(row["correlation"] for row in random if row["correlation"] is not None),
    }


if __name__ == "__main__":
    main(stages.REPORT, run)
