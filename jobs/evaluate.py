"""Measure and compare the models on validation and test, and leave summary.json."""

from dataclasses import asdict
from functools import reduce

from pyspark.sql import DataFrame

from movierec import models, stages, summary
from movierec.evaluation import SplitEvaluation, collect_evaluation
from movierec.execution import Context
from movierec.job import main
from movierec.metrics import relevant_movies, user_metrics
from movierec.schemas import RATINGS, RECOMMENDATIONS, USER_METRICS
from movierec.splits import HELD_OUT
from movierec.tuning import Trial


def run(context: Context) -> None:
    evaluations = {split: evaluate(context, split) for split in HELD_OUT}
    popularity = context.input(stages.POPULARITY).manifest.facts["winner"]
    tuned = context.input(stages.TUNE).manifest.facts["winners"]
    found = summary.evaluation_summary(
        evaluations,
        ingest=context.input(stages.INGEST).manifest,
        partition=context.input(stages.PARTITION).manifest,
        params={
            models.POPULARITY: {name: popularity[name] for name in ("kind", "damping")},
            **{model: asdict(Trial.params_of(row)) for model, row in tuned.items()},
        },
        config=context.config.evaluation,
    )
    context.draft.write_text(summary.FILE, summary.to_json(found))


def evaluate(context: Context, split: str) -> SplitEvaluation:
    config = context.config.evaluation
    known = [context.read(stages.PARTITION, name, RATINGS) for name in models.KNOWN[split]]
    heldout = context.read(stages.PARTITION, split, RATINGS)
    relevant = relevant_movies(heldout, relevant_rating=config.relevant_rating)
    lists, metrics = {}, {}
    for model in models.MODELS:
        with context.step("user metrics"):
            name = f"{model}/{split}"
            lists[model] = context.read(
                stages.RECOMMEND, f"recommendations/{name}", RECOMMENDATIONS
            )
            by_user = user_metrics(lists[model], relevant=relevant, k=config.k)
            metrics[model] = context.write(by_user, f"user_metrics/{name}", USER_METRICS)
    with context.step("compare"):
        return collect_evaluation(
            lists,
            user_metrics=metrics,
            known=reduce(DataFrame.unionByName, known),
            heldout=heldout,
            config=config,
        )


if __name__ == "__main__":
    main(stages.EVALUATE, run)
