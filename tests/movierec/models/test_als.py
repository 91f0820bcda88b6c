"""ALS learns, does what the feedback says, and makes the same model from the same ratings."""

import functools
import shutil
from dataclasses import replace

import pytest

from movierec.config.loader import load_config
from movierec.config.schema import AlsConfig
from movierec.models import als
from movierec.models.als import AlsParams
from movierec.ranking.catalogue import collect_catalogue
from movierec.ranking.recommend import movie_lists, recommend
from movierec.ranking.topk import unseen_top_k
from tests.support.confs import SMALL

CONFIG = AlsConfig(max_iter=8, num_user_blocks=2, num_item_blocks=2, checkpoint_interval=3, seed=1)
SIZE = 20


def params(feedback, rank=3, alpha=10.0):
    return AlsParams(
        rank=rank, reg_param=0.05, alpha=None if feedback is None else alpha, feedback=feedback
    )


@pytest.fixture(scope="module")
def checkerboard(spark):
    """Even users like even movies, odd like odd, dislike the others; the diagonal is withheld."""
    rows = [
        (user, movie, 5.0 if (user + movie) % 2 == 0 else 1.0)
        for user in range(SIZE)
        for movie in range(SIZE)
        if user != movie
    ]
    return spark.createDataFrame(rows, "user_id int, movie_id int, rating float").persist()


def fit(ratings, feedback, config=CONFIG, **changes):
    values = als.als_input(ratings, feedback=feedback, relevant_rating=4.0, pivot=3.0)
    ordered = als.in_fixed_order(values, config=config)
    return als.fit_als(ordered, params=params(feedback, **changes), config=config)


@pytest.mark.parametrize("feedback", ["liked", "signed", None])
def test_the_withheld_movie_of_a_checkerboard_comes_first(spark, checkerboard, feedback):
    # Seen are the liked ones; left are the withheld movie and all those of the other colour.
    factors = als.factors_of(fit(checkerboard, feedback))
    lists = recommend(
        factors.users,
        catalogue=spark.sparkContext.broadcast(collect_catalogue(factors.movies, factors.users)),
        movies=movie_lists(checkerboard.where("rating = 5")),
        kernel=functools.partial(unseen_top_k, k=1),
    )
    assert {(row.user_id, row.movie_id) for row in lists.collect()} == {(u, u) for u in range(SIZE)}


def test_feedback_keeps_every_row_with_its_value(spark):
    ratings = spark.createDataFrame(
        [(1, 1, 2.0), (1, 2, 3.0), (1, 3, 4.0)], "user_id int, movie_id int, rating float"
    )

    def values(feedback):
        rows = als.als_input(ratings, feedback=feedback, relevant_rating=4.0, pivot=3.0)
        return [row.value for row in rows.orderBy("movie_id").collect()]

    assert values(None) == values("rating") == [2.0, 3.0, 4.0]
    assert values("liked") == [0.0, 0.0, 1.0]
    assert values("signed") == [-1.0, 0.0, 1.0]


def test_the_model_does_not_depend_on_partitions_or_the_order_of_rows(spark, checkerboard):
    def factors(ratings):
        found = als.factors_of(fit(ratings, "signed"))
        return sorted(found.users.collect()), sorted(found.movies.collect())

    assert factors(checkerboard.repartition(5, "movie_id")) == factors(checkerboard.coalesce(1))


def test_alpha_the_seed_and_the_block_counts_shape_the_model(spark, checkerboard):
    def users(**changes):
        return sorted(als.factors_of(fit(checkerboard, "signed", **changes)).users.collect())

    made = users()
    assert users(alpha=1.0) != made
    assert users(config=replace(CONFIG, seed=2)) != made
    assert users(config=replace(CONFIG, num_user_blocks=1, num_item_blocks=3)) != made


@pytest.mark.parametrize(
    ("ratings", "blocks"),
    [(0, 2), (100_836, 2), (8_500_000, 2), (8_500_001, 3), (33_832_162, 8), (1_691_608_100, 399)],
)
def test_block_counts_follow_the_number_of_ratings(ratings, blocks):
    given = load_config(SMALL.read_text("utf-8"), origin="s", overrides=["als.num_item_blocks=5"])
    counted = als.with_block_counts(given, n_ratings=ratings).als
    assert (counted.num_user_blocks, counted.num_item_blocks) == (blocks, 5)


def test_sixty_iterations_do_not_overflow_the_stack(spark, checkerboard):
    model = fit(checkerboard, "signed", replace(CONFIG, max_iter=60, checkpoint_interval=10))
    assert model.userFactors.count() == SIZE


def test_a_deleted_checkpoint_directory_is_made_again(spark, checkerboard, tmp_path):
    usual = spark.sparkContext.getCheckpointDir()
    try:
        spark.sparkContext.setCheckpointDir(f"file://{tmp_path}")
        expected = als.factors_of(fit(checkerboard, "signed")).users.collect()
        shutil.rmtree(tmp_path)
        assert als.factors_of(fit(checkerboard, "signed")).users.collect() == expected
    finally:
        spark.sparkContext.setCheckpointDir(usual)


def test_rmse_is_that_of_users_and_movies_in_train(spark, checkerboard):
    model = fit(checkerboard, None)
    heldout = spark.createDataFrame(
        [(2, 2, 5.0), (3, 3, 5.0), (99, 1, 5.0)], "user_id int, movie_id int, rating float"
    )
    rows = model.transform(heldout).collect()
    expected = (sum((row.prediction - 5.0) ** 2 for row in rows) / 2) ** 0.5
    assert len(rows) == 2
    assert als.collect_rmse(model, heldout=heldout) == pytest.approx(expected, abs=1e-9)
    assert expected < 1.0
