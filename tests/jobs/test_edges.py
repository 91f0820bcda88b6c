"""Data too small or too uniform for a stage: an error in one line, or a result without it."""

import pytest

from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.run_all import run_pipeline
from tests.support import archives
from tests.support.confs import SHORT, tiny_conf

SHORTER = SHORT | {
    "tuning.implicit": {"rank": [2], "reg_param": [0.1], "alpha": [2], "feedback": ["signed"]},
    "tuning.explicit": {"rank": [2], "reg_param": [0.1]},
    "als.max_iter": 2,
    "twins.curve.floors": [20],
}
START = 1_000_000_000


def archive_of(path, ratings):
    """An archive of user, movie and stars, rated a minute apart."""
    rows = "".join(
        f"{user},{movie},{stars},{START + 60 * n}\r\n"
        for n, (user, movie, stars) in enumerate(ratings)
    )
    movies = sorted({movie for _, movie, _ in ratings})
    titles = "".join(f"{movie},Film {movie} (1999),Drama\r\n" for movie in movies)
    texts = {
        "ratings.csv": f"userId,movieId,rating,timestamp\r\n{rows}",
        "movies.csv": f"movieId,title,genres\r\n{titles}",
    }
    members = {f"ml-latest-tiny/{name}": text.encode() for name, text in texts.items()}
    return archives.write_zip(path, members)


@pytest.fixture
def run(session, tmp_path):
    """Run the pipeline on these ratings and return its summary."""

    def pipeline(ratings, *, wanted=dag.PIPELINE, **overrides):
        path = archive_of(tmp_path / "a.zip", ratings)
        config = tiny_conf(tmp_path / "w", path, **{**SHORTER, **overrides})
        return run_pipeline(Execution(config, session), wanted=wanted)

    return pipeline


def crowd(stars, *, users=30, movies=60, each=40):
    """Users with `each` movies, overlapping, with stars by user and movie."""
    return [
        (user, 1 + (user * 7 + n) % movies, stars(user, n))
        for user in range(1, users + 1)
        for n in range(each)
    ]


def test_one_user_has_no_twin(run):
    with pytest.raises(InputError) as raised:
        run([(1, movie, 4.0) for movie in range(1, 61)], wanted=(dag.INGEST, dag.TWINS))
    assert str(raised.value) == (
        "twins.min_movies: a pair takes two users with 20 movies or more, but there is one; "
        "lower it"
    )


def test_one_movie_leaves_nothing_to_hold_out(run):
    with pytest.raises(InputError) as raised:
        run([(user, 1, 4.0) for user in range(1, 61)])
    assert str(raised.value) == (
        "partition: the audit of per_user_chronological found no rating in validation, no rating "
        "in test; see partition.* in the conf"
    )


def test_ratings_that_nobody_likes(run):
    with pytest.raises(InputError, match=r"^evaluation.relevant_rating: no rating in validation"):
        run(crowd(lambda user, n: 1.0))


@pytest.mark.slow
def test_ratings_that_are_all_equal_and_users_without_train_rows(run):
    """By time, the last six of 30 users have ratings in test only. Slow: a whole pipeline."""
    ratings = crowd(lambda user, n: 4.0)
    # 40 ratings each: the others rate by turns, those six after them
    early = sorted(ratings[: 24 * 40], key=lambda row: ratings.index(row) % 40)
    summary = run([*early, *ratings[24 * 40 :]], partition__strategy="global_time")
    assert summary["users"]["test"] == {
        "all": 30,
        "evaluated": 6,
        "left_out_without_heldout_rating": 24,
        "left_out_without_relevant_movie": 0,
        "evaluated_but_cold": 6,
    }
    test = {model: found["test"] for model, found in summary["models"].items()}
    # ALS has no factors for them; popularity needs none
    without = {model: found["users_without_recommendations"] for model, found in test.items()}
    served = {"popularity": 0, "segment_popularity": 0, "delivered": 0, "random": 0, "oracle": 0}
    assert without == {"als": 6, "ease": 6, "als_explicit": 6, **served}
    assert test["als"]["ndcg_at_100"] == 0
    assert test["delivered"] == test["popularity"]
    assert test["popularity"]["ndcg_at_100"] > 0
    leads = summary["comparison"]["delivered_vs_popularity"]["test"]
    assert leads["ndcg_at_100"]["difference"] == 0
    # in validation the models know them all; the best there is delivered
    *all_three, delivered = (
        summary["models"][model]["validation"]
        for model in ("popularity", "als", "ease", "delivered")
    )
    assert min(one["ndcg_at_100"] for one in all_three) > 0
    assert delivered == max(all_three, key=lambda one: one["ndcg_at_100"])
    assert summary["twins"]["pairs"] > 0
