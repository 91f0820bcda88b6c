"""Measure and compare the models on validation and test, and leave summary.json."""

from dataclasses import asdict

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from movierec import models, stages, summary
from movierec.context import Context
from movierec.evaluation import (
    Judged,
    SplitEvaluation,
    collect_evaluation,
    collect_judged,
    keep_relevant,
)
from movierec.job import main
from movierec.known import read_known
from movierec.schemas import RATINGS, RECOMMENDATIONS
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
    context.draft.write_text(stages.SUMMARY, summary.to_json(found))


def evaluate(context: Context, split: str) -> SplitEvaluation:
    config = context.config.evaluation
    heldout = context.read(stages.PARTITION, split, RATINGS)
    relevant = keep_relevant(heldout, relevant_rating=config.relevant_rating, split=split)
    judged = {model: judge(context, model, split, relevant) for model in models.MODELS}
    with context.step("compare"):
        evaluation = collect_evaluation(
            judged,
            known=read_known(context, split),
            heldout=heldout,
            relevant=relevant,
            config=config,
        )
    relevant.unpersist()
    return evaluation


def judge(context: Context, model: str, split: str, relevant: DataFrame) -> Judged:
    def write(frame: DataFrame, name: str, schema: StructType) -> DataFrame:
        return context.write(frame, f"{name}/{model}/{split}", schema)

    with context.step(f"judge {model}"):
        lists = context.read(stages.RECOMMEND, f"recommendations/{model}/{split}", RECOMMENDATIONS)
        k = context.config.evaluation.k
        return collect_judged(lists, relevant=relevant, k=k, write=write)


if __name__ == "__main__":
    main(stages.EVALUATE, run)
