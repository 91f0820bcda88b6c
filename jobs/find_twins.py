"""Find the user pairs with the most alike movie sets, prove the search, test their ratings."""

from movierec import stages, summary, twin_summary
from movierec.context import Context
from movierec.errors import InputError
from movierec.job import main
from movierec.movie_sets import collect_population, movie_sets
from movierec.schemas import MOVIE_SETS, MOVIES, RANDOM_PAIRS, RATINGS, TWINS
from movierec.twin_findings import collect_findings
from movierec.twin_proof import collect_proof
from movierec.twin_search import find_twins
from movierec.twin_validation import collect_curve, collect_study


def run(context: Context) -> None:
    config = context.config.twins
    floor = config.min_movies
    ratings = context.read(stages.INGEST, "ratings", RATINGS)
    n_users = context.input(stages.INGEST).manifest.facts["users"]
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
            movies=context.read(stages.INGEST, "movies", MOVIES),
            study=collect_study(ratings, top=top, users=population.users, config=config),
            curve=curve,
            liked=context.config.evaluation.relevant_rating,
            config=config,
        )
    twins = twin_summary.twin_rows(findings, config=config)
    random = twin_summary.random_pair_rows(findings)
    context.write(context.spark.createDataFrame(twins, TWINS), "twins", TWINS)
    context.write(context.spark.createDataFrame(random, RANDOM_PAIRS), "random_pairs", RANDOM_PAIRS)
    context.draft.write_text(stages.TWINS_CSV, twin_summary.twins_csv(twins))
    found = twin_summary.twins_summary(
        findings, population=population, rounds=rounds, proof=proof, config=config
    )
    context.draft.write_text(stages.SUMMARY, summary.to_json({"twins": found}))


if __name__ == "__main__":
    main(stages.TWINS, run)
