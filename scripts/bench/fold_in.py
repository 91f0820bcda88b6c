"""Judge folding in: users whom the fit does not know, against the same users in a full fit.

The users are cut into folds by a hash. For each fold the winner's ALS is fitted to the training
ratings of all other users; the fold's users are folded in by their own training ratings, and their
lists are measured on validation, beside those of the tuned fit, which knows everybody. The
parameters are the best on validation for that fit, so the comparison favours it. Then all users are
folded into the delivered model, as `make fold-in` does, and timed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import partial, reduce
from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data import datasets
from movierec.data.columns import NDCG, USER_ID
from movierec.evaluation.bootstrap import Bootstrap, collect_bootstrap
from movierec.evaluation.metrics import relevant_movies, user_metrics
from movierec.models.als import Factors, factors_of, load_model, with_block_counts
from movierec.models.als_engines import fit_factors
from movierec.models.names import ALS
from movierec.models.new_users import fold_in_users
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.ranking.catalogue import collect_catalogue
from movierec.ranking.recommend import movie_lists, recommend
from movierec.ranking.topk import unseen_top_k
from movierec.spark.session import size_shuffles
from movierec.splitting.splits import TRAIN, VALIDATION
from movierec.tuning.search import Trial
from scripts.bench import harness
from scripts.bench.harness import Findings, Setting, timed

_FOLD_IN, _REFIT = "fold_in", "refit"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument(
        "--judged", type=int, help="folds to judge, each with a fit of its own (default: all)"
    )


def run(setting: Setting) -> Findings:
    # with EASE nothing is fitted for a user who comes later
    of_als = replace(setting.config.deliver, model=ALS)
    own = Execution(replace(setting.config, deliver=of_als), setting.execution.session)
    wanted = (dag.INGEST, dag.PARTITION, dag.POPULARITY, dag.TUNE, dag.DELIVER)
    execution = Setting(own, setting.arguments).results(*wanted)
    spark = execution.session()
    ingested, partition, tuned, delivered = map(
        execution.require, (dag.INGEST, dag.PARTITION, dag.TUNE, dag.DELIVER)
    )
    n_ratings = sum(partition.manifest.rows.values())
    size_shuffles(spark, rows=n_ratings)
    config = with_block_counts(execution.config, n_ratings=n_ratings)
    params = Trial.params_of(tuned.manifest.facts["winners"][ALS])
    k, repetitions = config.evaluation.k, setting.arguments.repetitions
    train, validation = (
        partition.read(spark, datasets.SPLIT_RATINGS.at(split=split), datasets.RATINGS.schema)
        for split in (TRAIN, VALIDATION)
    )
    train = train.persist()
    relevant = relevant_movies(validation, relevant_rating=config.evaluation.relevant_rating)

    def ndcg(factors: Factors, rated: DataFrame) -> DataFrame:
        """Return the NDCG of every user with a relevant movie, by lists of these factors."""
        lists = lists_of(factors, rated, k=k)
        return user_metrics(lists, relevant=relevant, k=k).select(USER_ID, NDCG)

    def folded_in(fold: int) -> DataFrame:
        inside = F.pmod(F.xxhash64(USER_ID), F.lit(setting.arguments.folds)) == fold
        users = train.where(inside)
        movies = fit_factors(train.where(~inside), params=params, config=config).movies
        factors = fold_in_users(users, movie_factors=movies, params=params, config=config)
        found = ndcg(Factors(factors.persist(), movies), users).where(inside).persist()
        harness.say("fold_in", f"fold {fold}: {found.count()} users")
        return found

    folds = range(setting.arguments.judged or setting.arguments.folds)
    of_folded = reduce(DataFrame.unionByName, map(folded_in, folds))
    known = Factors(
        *(
            tuned.read(spark, one.at(model=ALS), one.schema)
            for one in (datasets.TUNED_USER_FACTORS, datasets.TUNED_MOVIE_FACTORS)
        )
    )
    both = of_folded.withColumnRenamed(NDCG, _FOLD_IN).join(
        ndcg(known, train).withColumnRenamed(NDCG, _REFIT), on=USER_ID, how="inner"
    )
    evaluation = config.evaluation
    quality = collect_bootstrap(both, resamples=evaluation.bootstrap, seed=evaluation.seed)
    train.unpersist()

    ratings = ingested.read(spark, datasets.RATINGS.path, datasets.RATINGS.schema).persist()
    ratings.count()
    movies = factors_of(load_model(spark, delivered.directory(dag.ALS_MODEL))).movies.persist()
    users = fold_in_users(ratings, movie_factors=movies, params=params, config=config)
    factors_s, _ = timed(partial(_compute, users), repetitions)
    users = users.persist()
    n_users = users.count()
    lists_s, _ = timed(
        lambda: _compute(lists_of(Factors(users, movies), ratings, k=k)), repetitions
    )
    return {
        "rank": params.rank,
        **_quality(quality),
        "all_users": n_users,
        "factors_s": round(factors_s, 2),
        "lists_s": round(lists_s, 2),
        "deliver_s": delivered.manifest.seconds,
        "deliver_steps": delivered.manifest.steps,
    }


def lists_of(factors: Factors, rated: DataFrame, *, k: int) -> DataFrame:
    context = rated.sparkSession.sparkContext
    return recommend(
        factors.users,
        catalogue=context.broadcast(collect_catalogue(factors.movies, factors.users)),
        movies=movie_lists(rated),
        kernel=partial(unseen_top_k, k=k),
    )


def _compute(frame: DataFrame) -> None:
    frame.write.format("noop").mode("overwrite").save()


def _quality(found: Bootstrap) -> dict[str, Any]:
    """Return both means and their ratio, with 95 % intervals over users."""
    at = {name: found.columns.index(name) for name in (_FOLD_IN, _REFIT)}
    ratios = found.resampled[:, at[_FOLD_IN]] / found.resampled[:, at[_REFIT]]
    means = {name: round(float(found.means[index]), 4) for name, index in at.items()}
    return {
        "judged_users": found.users,
        **{f"ndcg_{name}": mean for name, mean in means.items()},
        "difference": found.difference(_FOLD_IN, _REFIT),
        "ratio": round(float(found.means[at[_FOLD_IN]] / found.means[at[_REFIT]]), 4),
        "ratio_ci95": [round(float(one), 4) for one in np.quantile(ratios, (0.025, 0.975))],
    }


def table(found: Findings) -> str:
    low, high = found["ratio_ci95"]
    return (
        f"NDCG of {found['judged_users']} users on validation: folded in {found['ndcg_fold_in']},"
        f" in the fit {found['ndcg_refit']}: {found['ratio']} (95 %: {low} to {high})\n"
        f"{found['all_users']} users at rank {found['rank']}: factors {found['factors_s']} s,"
        f" lists {found['lists_s']} s; deliver took {found['deliver_s']} s"
    )


if __name__ == "__main__":
    sys.exit(harness.main("fold_in", run, table, options))
