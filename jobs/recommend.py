"""Fit every model on what it may know, and write its recommendations for each held-out split."""

from functools import reduce

from pyspark.sql import DataFrame

from movierec import models, stages
from movierec.als import Factors
from movierec.contest import Contest
from movierec.execution import Context
from movierec.job import main
from movierec.schemas import MOVIE_FACTORS, RATINGS, RECOMMENDATIONS, USER_FACTORS
from movierec.splits import HELD_OUT
from movierec.tuning import Trial


def run(context: Context) -> None:
    for split in HELD_OUT:
        known = [context.read(stages.PARTITION, name, RATINGS) for name in models.KNOWN[split]]
        contest = Contest(
            known=reduce(DataFrame.unionByName, known),
            heldout=context.read(stages.PARTITION, split, RATINGS),
            config=context.config,
        )
        recommend(context, contest, split)
        contest.close()


def recommend(context: Context, contest: Contest, split: str) -> None:
    def write(lists: DataFrame, model: str) -> None:
        context.write(lists, f"recommendations/{model}/{split}", RECOMMENDATIONS)

    winners = context.input(stages.TUNE).manifest.facts["winners"]
    for model in models.TUNED:
        with context.step(f"fit {model}"):
            fitted = contest.fit_als(Trial.params_of(winners[model]))
            path = f"factors/{model}/{split}"
            factors = Factors(
                users=context.write(fitted.users, f"{path}/users", USER_FACTORS),
                movies=context.write(fitted.movies, f"{path}/movies", MOVIE_FACTORS),
            )
        with context.step(f"recommend {model}"):
            write(contest.lists(factors), model)
    with context.step("recommend baselines"):
        winner = context.input(stages.POPULARITY).manifest.facts["winner"]
        popularity = contest.popularity_factors(winner)
        write(contest.lists(popularity), models.POPULARITY)
        write(contest.random_lists(popularity), models.RANDOM)
        write(contest.oracle_lists(), models.ORACLE)


if __name__ == "__main__":
    main(stages.RECOMMEND, run)
