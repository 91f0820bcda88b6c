"""Fit every model on what it may know, and write its recommendations for each held-out split."""

from pyspark.sql import DataFrame

from movierec import models, native_blas, stages
from movierec.als import Factors
from movierec.contest import Contest
from movierec.context import Context
from movierec.fitted import read_factors, write_factors
from movierec.job import main
from movierec.known import read_known
from movierec.schemas import RATINGS, RECOMMENDATIONS
from movierec.splits import HELD_OUT, VALIDATION
from movierec.tuning import Trial


def run(context: Context) -> None:
    context.say(native_blas.told(context.spark))
    for split in HELD_OUT:
        contest = Contest(
            known=read_known(context, split),
            heldout=context.read(stages.PARTITION, split, RATINGS),
            config=context.config,
        )
        recommend(context, contest, split)
        contest.close()


def recommend(context: Context, contest: Contest, split: str) -> None:
    def write(lists: DataFrame, model: str) -> None:
        context.write(lists, f"recommendations/{model}/{split}", RECOMMENDATIONS)

    for model in models.TUNED:
        factors = fitted(context, contest, model, split)
        with context.step(f"recommend {model}"):
            write(contest.lists(factors), model)
    with context.step("recommend baselines"):
        winner = context.input(stages.POPULARITY).manifest.facts["winner"]
        popularity = contest.popularity_factors(winner)
        write(contest.lists(popularity), models.POPULARITY)
        write(contest.random_lists(popularity), models.RANDOM)
        write(contest.oracle_lists(), models.ORACLE)


def fitted(context: Context, contest: Contest, model: str, split: str) -> Factors:
    if split == VALIDATION:
        # tuning has fitted the winner to the same ratings
        return read_factors(context, stages.TUNE, path=f"factors/{model}")
    winners = context.input(stages.TUNE).manifest.facts["winners"]
    with context.step(f"fit {model}"):
        factors = contest.fit_als(Trial.params_of(winners[model]))
        return write_factors(context, factors, path=f"factors/{model}/{split}")


if __name__ == "__main__":
    main(stages.RECOMMEND, run)
