"""Trials of EASE: what is shared between them must not change them."""

from movierec.evaluation.metrics import relevant_movies
from movierec.evaluation.validation import evaluate_hits
from movierec.models.ease import EaseParams
from movierec.models.ease_fit import fit_ease
from movierec.models.ease_lists import rated_movies, recommend_by_ease, share
from movierec.ranking.recommend import movie_lists
from movierec.tuning.ease_trials import EaseTrials
from tests.support.confs import SMALL, load_conf

K = 10


def test_each_trial_equals_a_fit_alone(spark, splits):
    train, validation = splits
    overrides = {"evaluation.k": K, "tuning.ease.movies": [20, 40]}
    trials = EaseTrials(train=train, validation=validation, config=load_conf(SMALL, overrides))
    relevant = movie_lists(relevant_movies(validation, relevant_rating=4.0))
    found = []
    for feedback, reg_param, movies in (
        ("soft", 5.0, 20),
        ("soft", 50.0, 40),
        ("liked", 5.0, 40),
        ("soft", 5.0, 40),
    ):
        params = EaseParams(feedback=feedback, reg_param=reg_param, movies=movies)
        trial = trials(params)
        assert (trial.params, trial.user_fraction) == (params, 1.0)
        ease = fit_ease(train, params=params, relevant_rating=4.0)
        lists = recommend_by_ease(
            rated_movies(train), shared=share(spark, ease, relevant_rating=4.0), k=K
        )
        liked = relevant_movies(validation, relevant_rating=4.0)
        hits = lists.join(liked, ["user_id", "movie_id"], "left_semi")
        assert trial.metrics == evaluate_hits(hits, relevant=relevant, k=K)
        found.append(trial.metrics["ndcg"])
    trials.close()
    assert len({*found}) == 4
