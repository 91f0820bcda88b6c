"""Find the user pairs with the most similar movie sets, measure recall and correlation."""

from __future__ import annotations

from movierec.data import datasets
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.pipeline.exports import to_json
from movierec.twins import summary as twin_summary
from movierec.twins.analysis import collect_analysis
from movierec.twins.lsh_recall import collect_lsh_recall
from movierec.twins.movie_sets import collect_population, movie_sets
from movierec.twins.pair_groups import collect_curve, collect_pair_groups
from movierec.twins.search import find_twins


def run(context: Context) -> None:
    """Find and test the twins, and write them with twins.csv and summary.json."""
    config = context.config.twins
    floor = config.min_movies
    ratings = context.read(datasets.RATINGS)
    n_users = context.input(dag.INGEST).manifest.facts["users"]
    with context.step("sets"):
        made = movie_sets(ratings, min_movies=floor, keep_users=config.pairs + 1)
        sets = context.write(made, datasets.MOVIE_SETS)
        population = collect_population(sets)
    if population.users < 2:
        raise InputError(
            f"twins.min_movies: a pair takes two users with {floor} movies or more, but there is "
            f"{'one' if population.users else 'none'}; lower it"
        )
    with context.step("search"):
        top, rounds = find_twins(sets, config)
    if len(top.pairs) < config.pairs:
        context.warn(
            f"found {len(top.pairs)} pairs, not {config.pairs}: no others among {population.users} "
            f"users reach a similarity of {top.threshold:g}; see twins.thresholds and "
            "twins.min_movies"
        )
    with context.step("proof"):
        recall = collect_lsh_recall(
            ratings, sets=sets, found=top, n_users=population.users, config=config
        )
    with context.step("curve"):
        curve = collect_curve(ratings, n_users=n_users, config=config)
    with context.step("validation"):
        analysis = collect_analysis(
            ratings,
            movies=context.read(datasets.MOVIES),
            groups=collect_pair_groups(ratings, top=top, users=population.users, config=config),
            curve=curve,
            liked_rating=context.config.evaluation.relevant_rating,
            config=config,
        )
    twins = twin_summary.twin_rows(analysis, config=config)
    random = twin_summary.random_pair_rows(analysis)
    context.write_rows(twins, datasets.TWINS)
    context.write_rows(random, datasets.RANDOM_PAIRS)
    context.attempt.write_text(dag.TWINS_CSV, twin_summary.twins_csv(twins))
    found = twin_summary.twins_summary(
        analysis, population=population, rounds=rounds, recall=recall, config=config
    )
    context.attempt.write_text(dag.SUMMARY, to_json({"twins": found}))
