"""Find the user pairs with the most alike movie sets, prove the search, test their ratings."""

from movierec.data.schemas import MOVIE_SETS, MOVIES, RANDOM_PAIRS, RATINGS, TWINS
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.cli import main
from movierec.pipeline.context import Context
from movierec.reporting import summary
from movierec.twins import summary as twin_summary
from movierec.twins.analysis import collect_findings
from movierec.twins.lsh_recall import collect_proof
from movierec.twins.movie_sets import collect_population, movie_sets
from movierec.twins.pair_groups import collect_curve, collect_study
from movierec.twins.search import find_twins


def run(context: Context) -> None:
    config = context.config.twins
    floor = config.min_movies
    ratings = context.read(dag.INGEST, "ratings", RATINGS)
    n_users = context.input(dag.INGEST).manifest.facts["users"]
    with context.step("sets"):
        made = movie_sets(ratings, min_movies=floor, keep_users=config.pairs + 1)
        sets = context.write(made, "sets", MOVIE_SETS)
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
            f"users are {top.threshold:g} alike; see twins.thresholds and twins.min_movies"
        )
    with context.step("proof"):
        proof = collect_proof(
            ratings, sets=sets, found=top, n_users=population.users, config=config
        )
    with context.step("curve"):
        curve = collect_curve(ratings, n_users=n_users, config=config)
    with context.step("validation"):
        findings = collect_findings(
            ratings,
            movies=context.read(dag.INGEST, "movies", MOVIES),
            study=collect_study(ratings, top=top, users=population.users, config=config),
            curve=curve,
            liked=context.config.evaluation.relevant_rating,
            config=config,
        )
    twins = twin_summary.twin_rows(findings, config=config)
    random = twin_summary.random_pair_rows(findings)
    context.write(context.spark.createDataFrame(twins, TWINS), "twins", TWINS)
    context.write(context.spark.createDataFrame(random, RANDOM_PAIRS), "random_pairs", RANDOM_PAIRS)
    context.draft.write_text(dag.TWINS_CSV, twin_summary.twins_csv(twins))
    found = twin_summary.twins_summary(
        findings, population=population, rounds=rounds, proof=proof, config=config
    )
    context.draft.write_text(dag.SUMMARY, summary.to_json({"twins": found}))


if __name__ == "__main__":
    main(dag.TWINS, run)
