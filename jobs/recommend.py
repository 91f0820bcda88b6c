"""Fit every model on what it may know, and write its recommendations for each held-out split."""

from pyspark.sql import DataFrame

from movierec.data.schemas import RATINGS, RECOMMENDATIONS
from movierec.models import names as models
from movierec.models.als import Factors
from movierec.models.recommenders import Contest
from movierec.pipeline import dag
from movierec.pipeline.cli import main
from movierec.pipeline.context import Context
from movierec.spark import blas
from movierec.splitting.splits import HELD_OUT, VALIDATION
from movierec.stages.fitted import read_factors, write_factors
from movierec.stages.known import read_known
from movierec.tuning.search import Trial


def run(context: Context) -> None:
    context.say(blas.told(context.spark))
    for split in HELD_OUT:
        contest = Contest(
            known=read_known(context, split),
            heldout=context.read(dag.PARTITION, split, RATINGS),
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
        winner = context.input(dag.POPULARITY).manifest.facts["winner"]
        popularity = contest.popularity_factors(winner)
        write(contest.lists(popularity), models.POPULARITY)
        write(contest.random_lists(popularity), models.RANDOM)
        write(contest.oracle_lists(), models.ORACLE)


def fitted(context: Context, contest: Contest, model: str, split: str) -> Factors:
    if split == VALIDATION:
        # tuning has fitted the winner to the same ratings
        return read_factors(context, dag.TUNE, path=f"factors/{model}")
    winners = context.input(dag.TUNE).manifest.facts["winners"]
    with context.step(f"fit {model}"):
        factors = contest.fit_als(Trial.params_of(winners[model]))
        return write_factors(context, factors, path=f"factors/{model}/{split}")


if __name__ == "__main__":
    main(dag.RECOMMEND, run)
