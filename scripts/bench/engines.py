"""Compare the models of the two engines of ALS: their loss, their lists and their quality.

Both fit the middle point of the implicit grid to train, with several seeds. Losses are compared
after few iterations and after all.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from pyspark.sql import DataFrame

from movierec.config.schema import Config
from movierec.data import datasets
from movierec.data.arrays import collect_arrays
from movierec.data.columns import FACTORS, MOVIE_ID, RANK, USER_ID
from movierec.evaluation.metrics import relevant_movies
from movierec.evaluation.validation import evaluate_hits
from movierec.models.als import VALUE, AlsParams, Factors, als_input, with_block_counts
from movierec.models.als_engines import fit_factors
from movierec.pipeline import dag
from movierec.ranking.recommend import movie_lists
from movierec.spark.session import size_shuffles
from movierec.splitting.splits import TRAIN, VALIDATION
from movierec.tuning.search import implicit_grid
from scripts.bench import harness
from scripts.bench.fold_in import lists_of
from scripts.bench.harness import Findings, Setting, columns

_AT_ONCE = 1_000_000


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--early", type=int, nargs="*", default=[1, 2, 3], help="iterations")


def run(setting: Setting) -> Findings:
    execution = setting.results(dag.INGEST, dag.PARTITION)
    spark, partition = execution.session(), execution.require(dag.PARTITION)
    n_ratings = sum(partition.manifest.rows.values())
    size_shuffles(spark, rows=n_ratings)
    config = with_block_counts(setting.config, n_ratings=n_ratings)
    grid = implicit_grid(config.tuning)
    params = grid[len(grid) // 2]
    train, validation = (
        partition.read(spark, datasets.SPLIT_RATINGS.at(split=split), datasets.RATINGS.schema)
        for split in (TRAIN, VALIDATION)
    )
    train = train.persist()
    loss = _Loss.of(train, params, config)
    relevant = relevant_movies(validation, relevant_rating=config.evaluation.relevant_rating)
    relevant = relevant.persist()
    seeds = []
    for seed in range(config.als.seed, config.als.seed + setting.arguments.seeds):
        fit = partial(_fit, train, params=params, config=config, seed=seed)
        early = [
            _difference(loss(fit("spark", n)), loss(fit("blocks", n)))
            for n in setting.arguments.early
        ]
        made = [fit(engine, config.als.max_iter) for engine in ("spark", "blocks")]
        lists = [lists_of(one, train, k=config.evaluation.k).persist() for one in made]
        n_rows = [one.count() for one in lists]
        metrics = [
            evaluate_hits(
                one.join(relevant, [USER_ID, MOVIE_ID], "left_semi"),
                relevant=movie_lists(relevant),
                k=config.evaluation.k,
            )
            for one in lists
        ]
        both = lists[0].join(lists[1], [USER_ID, MOVIE_ID, RANK], "left_semi").count()
        seeds.append(
            {
                "seed": seed,
                "loss_early": early,
                "loss": _difference(loss(made[0]), loss(made[1])),
                "ndcg": [one["ndcg"] for one in metrics],
                "equal_rows": round(both / n_rows[0], 4),
            }
        )
        harness.say("engines", str(seeds[-1]))
        for frame in lists:
            frame.unpersist()
    return {"params": str(params), "iterations": config.als.max_iter, "seeds": seeds}


def _fit(
    train: DataFrame, engine: Any, iterations: int, *, params: AlsParams, config: Config, seed: int
) -> Factors:
    als = replace(config.als, engine=engine, max_iter=iterations, seed=seed)
    return fit_factors(train, params=params, config=replace(config, als=als))


class _Loss(NamedTuple):
    """The loss that implicit ALS minimises, in double precision."""

    user_ids: Any
    movie_ids: Any
    values: Any
    params: AlsParams

    @classmethod
    def of(cls, train: DataFrame, params: AlsParams, config: Config) -> _Loss:
        values = als_input(
            train,
            feedback=params.feedback,
            relevant_rating=config.evaluation.relevant_rating,
            pivot=config.tuning.pivot,
        )
        arrays = collect_arrays(values.select(USER_ID, MOVIE_ID, VALUE))
        return cls(arrays[USER_ID], arrays[MOVIE_ID], arrays[VALUE], params)

    def __call__(self, factors: Factors) -> float:
        (user_ids, users), (movie_ids, movies) = map(_matrix, (factors.users, factors.movies))
        alpha, liked = self.params.alpha or 0.0, self.values > 0
        at = [np.searchsorted(user_ids, self.user_ids), np.searchsorted(movie_ids, self.movie_ids)]
        total = float((users.T @ users * (movies.T @ movies)).sum())
        for start in range(0, len(liked), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            scores = (users[at[0][some]] * movies[at[1][some]]).sum(axis=1)
            confidence = 1 + alpha * np.abs(self.values[some].astype(np.float64))
            total += float((confidence * (liked[some] - scores) ** 2 - scores**2).sum())
        for side, vectors in zip(at, (users, movies), strict=True):
            counts = np.bincount(side[liked], minlength=len(vectors))
            total += self.params.reg_param * float(counts @ (vectors**2).sum(axis=1))
        return total


def _matrix(frame: DataFrame) -> tuple[Any, Any]:
    arrays = collect_arrays(frame)
    ids = arrays[frame.columns[0]]
    order = np.argsort(ids)
    return ids[order], arrays[FACTORS].reshape(len(ids), -1)[order].astype(np.float64)


def _difference(theirs: float, ours: float) -> float:
    return float(f"{abs(ours - theirs) / theirs:.1e}")


def table(found: Findings) -> str:
    rows = [
        [
            one["seed"],
            max([*one["loss_early"], one["loss"]]),
            *(f"{ndcg:.4f}" for ndcg in one["ndcg"]),
            f"{100 * one['equal_rows']:.2f} %",
        ]
        for one in found["seeds"]
    ]
    head = ["seed", "loss, most apart", "ndcg spark", "ndcg blocks", "equal rows"]
    return f"{found['params']}, {found['iterations']} iterations\n{columns([head, *rows])}"


if __name__ == "__main__":
    sys.exit(harness.main("engines", run, table, options))
