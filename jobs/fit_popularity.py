"""Choose the popularity baseline: the variant with the best lists on validation."""

from dataclasses import asdict

from movierec.data.schemas import POPULARITY_TRIALS, RATINGS
from movierec.evaluation.compare import keep_relevant
from movierec.pipeline import dag
from movierec.pipeline.cli import main
from movierec.pipeline.context import Context
from movierec.ranking.recommend import movie_lists
from movierec.splitting.splits import TRAIN, VALIDATION
from movierec.tuning.popularity import collect_variant_metrics, variants
from movierec.tuning.search import metric_name


def run(context: Context) -> None:
    config = context.config
    train = context.read(dag.PARTITION, TRAIN, RATINGS).persist()
    validation = context.read(dag.PARTITION, VALIDATION, RATINGS)
    seen = movie_lists(train).persist()
    relevant = keep_relevant(
        validation, relevant_rating=config.evaluation.relevant_rating, split=VALIDATION
    )
    trials = []
    for variant in variants(config.popularity):
        with context.step(f"{variant}"):
            metrics = collect_variant_metrics(
                train, variant=variant, seen=seen, relevant=relevant, config=config
            )
        trials.append(asdict(variant) | metrics)
    for frame in (relevant, seen, train):
        frame.unpersist()
    ledger = context.spark.createDataFrame(trials, POPULARITY_TRIALS)
    context.write(ledger, "trials", POPULARITY_TRIALS)
    context.facts["trials"] = trials
    context.facts["winner"] = max(trials, key=lambda trial: trial[metric_name(config.tuning)])


if __name__ == "__main__":
    main(dag.POPULARITY, run)
