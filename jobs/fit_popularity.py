"""Choose the popularity baseline: the variant with the best lists on validation."""

from dataclasses import asdict

from movierec import stages
from movierec.context import Context
from movierec.evaluation import keep_relevant
from movierec.job import main
from movierec.popularity import collect_variant_metrics, variants
from movierec.recommendations import movie_lists
from movierec.schemas import POPULARITY_TRIALS, RATINGS
from movierec.splits import TRAIN, VALIDATION
from movierec.tuning import metric_name


def run(context: Context) -> None:
    config = context.config
    train = context.read(stages.PARTITION, TRAIN, RATINGS).persist()
    validation = context.read(stages.PARTITION, VALIDATION, RATINGS)
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
    main(stages.POPULARITY, run)
