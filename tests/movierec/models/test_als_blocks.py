"""The engine blocks fits what Spark's ALS fits, in any partitions, whatever executor is lost.

Covers `movierec.models.als_engines` and `movierec.models.half_step`.
"""

from dataclasses import replace

import numpy as np
import pytest

from movierec.data.arrays import collect_arrays
from movierec.errors import InputError, SingularFitError
from movierec.models import als, als_blocks
from movierec.models.als import AlsParams
from movierec.models.als_engines import BlockFits, fit_model
from tests.support.confs import tiny_conf

PARAMS = AlsParams(rank=6, reg_param=0.1, alpha=4.0, feedback="signed")


@pytest.fixture(scope="module")
def config():
    return als.with_block_counts(tiny_conf("w", "a", als__max_iter=1), n_ratings=0)


@pytest.fixture(scope="module")
def ratings(spark):
    """Users have from 1 to 90 ratings; user 119 dislikes all movies, all users movie 0."""
    random = np.random.default_rng(1)
    rows = []
    for user in range(120):
        for movie in random.choice(100, 1 + user * 3 // 4, replace=False).tolist():
            stars = 1.0 if user == 119 or movie == 0 else float(random.choice([0.5, 2, 3, 4, 5]))
            rows.append((user * 7, movie * 3, stars))
    return spark.createDataFrame(rows, "user_id int, movie_id int, rating float").persist()


def arrays_of(model):
    """Return the factors of users and movies, by rising id."""
    found = []
    for frame in (model.userFactors, model.itemFactors):
        arrays = collect_arrays(frame.select("id", "features"))
        order = np.argsort(arrays["id"])
        found.append(arrays["features"].reshape(len(order), -1)[order])
    return found


def fit(ratings, config, engine, params=PARAMS, iterations=2):
    changed = replace(config, als=replace(config.als, engine=engine, max_iter=iterations))
    return fit_model(ratings, params=params, config=changed)


@pytest.mark.parametrize(
    ("feedback", "rank"), [("signed", 2), ("signed", 40), ("liked", 6), ("rating", 6), (None, 6)]
)
def test_both_engines_make_the_same_factors(ratings, config, feedback, rank):
    alpha = None if feedback is None else 4.0
    params = AlsParams(rank=rank, reg_param=0.1, alpha=alpha, feedback=feedback)
    expected, made = (
        arrays_of(fit(ratings, config, engine, params)) for engine in ("spark", "blocks")
    )
    for theirs, ours in zip(expected, made, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-5)


def test_partitions_blocks_and_lost_blocks_do_not_change_the_factors(ratings, config, monkeypatch):
    expected = arrays_of(fit(ratings, config, "blocks"))
    # solved by the workers in many small blocks, as beyond a million ratings
    monkeypatch.setattr(als_blocks, "_RATINGS_IN_ONE_TASK", 0)
    monkeypatch.setattr(als_blocks, "_RATINGS_PER_PARTITION", 900)
    monkeypatch.setattr(als_blocks, "_RATINGS_PER_BLOCK", 200)
    for frame in (ratings.repartition(5, "movie_id"), ratings.coalesce(1)):
        for wanted, found in zip(expected, arrays_of(fit(frame, config, "blocks")), strict=True):
            assert (found == wanted).all()
    fits = BlockFits(ratings, feedback="signed", config=config)
    start = fits._initial_factors(PARAMS.rank)
    for users in (start, start):
        found, _ = fits._ratings.fit(users, iterations=2, reg_param=0.1, alpha=4.0)
        assert (found == expected[0]).all()
        # as when executors are lost: the next fit makes the blocks again
        fits.close()


def test_a_model_of_blocks_is_saved_read_and_predicts(spark, ratings, config, tmp_path):
    params = AlsParams(rank=6, reg_param=0.1, alpha=None, feedback=None)
    model = fit(ratings, config, "blocks", params)
    # Java holds the factors: a limit on them ends no Python worker early
    assert "Python" not in model.userFactors._jdf.queryExecution().executedPlan().toString()
    als.write_model(model, f"file://{tmp_path}/model")
    read = als.load_model(spark, f"file://{tmp_path}/model")
    assert read.rank == 6
    for wanted, found in zip(arrays_of(model), arrays_of(read), strict=True):
        assert (found == wanted).all()
    by_spark = als.collect_rmse(fit(ratings, config, "spark", params), heldout=ratings)
    assert als.collect_rmse(read, heldout=ratings) == pytest.approx(by_spark, abs=1e-5)


@pytest.mark.parametrize("engine", ["spark", "blocks"])
def test_a_movie_that_two_users_dislike_has_no_single_solution_of_rank_3(spark, config, engine):
    ratings = spark.createDataFrame(
        [(1, 1, 5.0), (1, 2, 1.0), (2, 1, 5.0), (2, 2, 1.0)],
        "user_id int, movie_id int, rating float",
    )
    params = replace(PARAMS, rank=3)
    with pytest.raises(SingularFitError, match=r"^ALS with signed rank=3 .*: lower its rank, or"):
        fit(ratings, config, engine, params)


def test_factors_too_large_to_be_sent_are_refused(ratings, config, monkeypatch):
    monkeypatch.setattr(als_blocks, "_BYTES_SENT", 1000)
    with pytest.raises(InputError, match=r"120 factors of rank 6 are .* set als\.engine"):
        fit(ratings, config, "blocks")
