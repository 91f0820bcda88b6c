"""Measure and compare the models on validation and test, and leave summary.json."""

from dataclasses import asdict

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from movierec.data.schemas import RATINGS, RECOMMENDATIONS
from movierec.evaluation.compare import (
    Judged,
    SplitEvaluation,
    collect_evaluation,
    collect_judged,
    keep_relevant,
)
from movierec.models import names as models
from movierec.pipeline import dag
from movierec.pipeline.cli import main
from movierec.pipeline.context import Context
from movierec.reporting import summary
from movierec.splitting.splits import HELD_OUT
from movierec.stages.known import read_known
from movierec.tuning.search import Trial


def run(context: Context) -> None:
    evaluations = {split: evaluate(context, split) for split in HELD_OUT}
    popularity = context.input(dag.POPULARITY).manifest.facts["winner"]
    tuned = context.input(dag.TUNE).manifest.facts["winners"]
    found = summary.evaluation_summary(
        evaluations,
        ingest=context.input(dag.INGEST).manifest,
        partition=context.input(dag.PARTITION).manifest,
        params={
            models.POPULARITY: {name: popularity[name] for name in ("kind", "damping")},
            **{model: asdict(Trial.params_of(row)) for model, row in tuned.items()},
        },
        config=context.config.evaluation,
    )
    context.draft.write_text(dag.SUMMARY, summary.to_json(found))


def evaluate(context: Context, split: str) -> SplitEvaluation:
    config = context.config.evaluation
    heldout = context.read(dag.PARTITION, split, RATINGS)
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
        lists = context.read(dag.RECOMMEND, f"recommendations/{model}/{split}", RECOMMENDATIONS)
        k = context.config.evaluation.k
        return collect_judged(lists, relevant=relevant, k=k, write=write)


if __name__ == "__main__":
    main(dag.EVALUATE, run)
