"""Trials on real fits: what is shared between them must not change them."""

import gc
import time
from dataclasses import replace

import pytest

from movierec.models import als
from movierec.models.als import AlsParams
from movierec.models.als_engines import fit_factors, fit_model
from movierec.tuning.trials import TrialRunner
from tests.support.confs import SMALL, load_conf

SIGNED = AlsParams(rank=3, reg_param=0.1, alpha=4.0, feedback="signed")
LIKED = replace(SIGNED, feedback="liked")
EXPLICIT = AlsParams(rank=3, reg_param=0.1, alpha=None, feedback=None)


def runner(splits, engine="blocks"):
    changes = {"als.max_iter": 4, "als.engine": engine, "evaluation.k": 20}
    changes |= {"tuning.explicit.rank": [3], "tuning.explicit.reg_param": [0.1]}
    config = load_conf(SMALL, changes)
    config = als.with_block_counts(config, n_ratings=0)
    return TrialRunner(train=splits[0], validation=splits[1], config=config)


def test_a_trial_has_the_same_result_alone_and_after_others(splits):
    shared = runner(splits)
    together = [
        shared(params, fraction)
        for params, fraction in [(SIGNED, 1.0), (LIKED, 0.5), (EXPLICIT, 1.0), (SIGNED, 1.0)]
    ]
    shared.close()
    assert together[0].metrics == together[3].metrics
    assert together[1].metrics != together[0].metrics
    alone = runner(splits)
    assert alone(LIKED, 0.5).metrics == together[1].metrics
    alone.close()
    # By chance, 20 of about 43 unseen movies would be found.
    assert together[0].metrics["recall"] > 0.8
    assert together[0].rmse is None
    config = runner(splits)._config
    model = fit_model(splits[0], params=EXPLICIT, config=config)
    assert together[2].rmse == als.collect_rmse(model, heldout=splits[1]) < 1.5


def rows_of(factors):
    return sorted((row[0], tuple(row[1])) for row in factors.collect())


def test_the_winner_s_factors_are_kept_and_equal_those_of_a_fit_alone(splits):
    better = replace(SIGNED, rank=6)
    shared = runner(splits)
    trials = [shared(params, fraction) for params, fraction in [(SIGNED, 1.0), (better, 1.0)]]
    best = max(trials, key=lambda trial: trial.metrics["ndcg"]).params
    other = SIGNED if best == better else better
    kept = shared.factors(best)
    shared(LIKED, 0.5)
    assert shared.factors(best) is kept
    assert rows_of(shared.factors(other).movies) != rows_of(kept.movies)
    alone = runner(splits)
    fitted = alone.factors(best)
    assert rows_of(fitted.users) == rows_of(kept.users)
    assert rows_of(fitted.movies) == rows_of(kept.movies)
    alone.close()
    shared.close()


def test_reported_factors_are_by_the_engine_of_reported_fits(splits):
    both = runner(splits, engine="spark")
    by_blocks = both(SIGNED, 1.0).metrics
    factors = both.factors(SIGNED)
    expected = fit_factors(splits[0], params=SIGNED, config=both._config)
    assert rows_of(factors.movies) == rows_of(expected.movies)
    # the only explicit point: its trial is the reported fit
    both(EXPLICIT, 1.0)
    kept = both.factors(EXPLICIT)
    assert kept is both.factors(EXPLICIT)
    expected_too = fit_factors(splits[0], params=EXPLICIT, config=both._config)
    assert rows_of(kept.movies) == rows_of(expected_too.movies)
    other = runner(splits)
    assert other(SIGNED, 1.0).metrics == by_blocks
    assert rows_of(other.factors(SIGNED).movies) != rows_of(expected.movies)
    both.close()
    other.close()


@pytest.fixture
def _python_collects_nothing_by_itself():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_python_collects_nothing_by_itself")
def test_a_trial_frees_what_it_cached(spark, splits):
    one = runner(splits)

    def kept():
        # what Spark's own ALS leaves behind is freed with Java's garbage
        spark._jvm.java.lang.System.gc()
        return spark.sparkContext._jsc.getPersistentRDDs().size()

    for reg_param in (0.1, 10.0):
        one(replace(SIGNED, reg_param=reg_param), 1.0)
    # the last trial's two frames of factors may still be there, those of earlier ones may not
    most = kept() + 2
    for reg_param in (20.0, 30.0, 40.0, 50.0):
        one(replace(SIGNED, reg_param=reg_param), 1.0)
    ends = time.monotonic() + 60
    while (frames := kept()) > most:
        assert time.monotonic() < ends, f"{frames} frames are kept, and at most {most} may be"
        time.sleep(0.2)  # Spark frees asynchronously
    one.close()
