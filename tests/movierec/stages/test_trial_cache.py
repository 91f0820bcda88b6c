"""The cache keeps every trial, so that a killed search goes on."""

import contextlib
from dataclasses import replace
from functools import partial

import pytest

from movierec.errors import SingularFitError
from movierec.models.als import AlsParams
from movierec.pipeline.dag import Stage
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import run_stage
from movierec.stages.trial_cache import TrialCache
from movierec.tuning.search import Trial
from tests.support.confs import tiny_conf

SEARCH = Stage(name="search", version=1, job="tune_als", keys=("tuning",))
GRID = [AlsParams(rank=rank, reg_param=0.1, alpha=1.0, feedback="signed") for rank in (4, 8, 16)]


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def execution(session, tmp_path):
    archive = tmp_path / "archive.zip"
    archive.write_bytes(b"never read")
    return Execution(tiny_conf(tmp_path / "workspace", archive), session)


def search(execution, *, killed_at=None, singular_at=None, force=False):
    """Run the grid through a cache; return the trials run and the rows of the cache."""
    run, caches = [], []

    def run_trial(params, user_fraction):
        if params.rank == killed_at:
            raise KilledError
        if params.rank == singular_at:
            raise SingularFitError("no solution")
        run.append(params.rank)
        metrics = dict.fromkeys(["precision", "map", "ndcg", "recall"], params.rank / 100)
        return Trial(
            params=params, user_fraction=user_fraction, metrics=metrics, rmse=None, seconds=0.5
        )

    def job(context):
        cache = TrialCache(context, planned=[1.0] * len(GRID))
        caches.append(cache)
        for params in GRID:
            cache.run(params, 1.0, partial(run_trial, params, 1.0))

    with contextlib.suppress(KilledError):
        run_stage(execution, SEARCH, job, force=force)
    return run, caches[0].rows()


def test_a_killed_search_loses_only_the_running_trial(execution, capsys):
    assert search(execution, killed_at=16)[0] == [4, 8]
    capsys.readouterr()
    run, rows = search(execution)
    assert run == [16]
    assert [(row["trial"], row["factor_rank"], row["ndcg"]) for row in rows] == [
        (1, 4, 0.04),
        (2, 8, 0.08),
        (3, 16, 0.16),
    ]
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == (
        "tune_als: trial 1/3 signed rank=4 reg_param=0.1 alpha=1: "
        "ndcg 0.0400 (highest 0.0400), kept from before"
    )
    assert lines[2].startswith(
        "tune_als: trial 3/3 signed rank=16 reg_param=0.1 alpha=1: ndcg 0.1600 (highest 0.1600), "
    )


def test_a_trial_belongs_to_the_engine_of_trials(execution):
    search(execution, killed_at=16)
    config = execution.config
    reported = replace(config, als=replace(config.als, engine="blocks"))
    assert search(Execution(reported, execution.session), killed_at=16)[0] == []
    by_spark = replace(config, tuning=replace(config.tuning, engine="spark"))
    assert search(Execution(by_spark, execution.session))[0] == [4, 8, 16]
    # by als.engine, which is Spark's, where there is nothing to search
    point = replace(config.tuning.implicit, feedback=("signed",), rank=(4,), reg_param=(0.1,))
    one = replace(config, tuning=replace(config.tuning, implicit=replace(point, alpha=(1.0,))))
    assert search(Execution(one, execution.session))[0] == []


def test_force_runs_every_trial_again(execution):
    search(execution)
    assert search(execution, force=True)[0] == [4, 8, 16]


def test_a_trial_that_cannot_be_fitted_counts_as_zero_and_says_so(execution, capsys):
    _, rows = search(execution, singular_at=8)
    found = [(row["factor_rank"], row["ndcg"], row["fault"]) for row in rows]
    assert found == [(4, 0.04, None), (8, 0.0, "no solution"), (16, 0.16, None)]
    assert "tune_als: warning: a trial counts as 0: no solution" in capsys.readouterr().err


def test_the_time_left_is_estimated_from_the_users_of_each_trial(execution, capsys, monkeypatch):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("movierec.stages.trial_cache.time.monotonic", lambda: next(clock))

    def run_trial(params, user_fraction):
        return Trial(params=params, user_fraction=user_fraction, metrics={"ndcg": 0.0})

    def job(context):
        cache = TrialCache(context, planned=[0.1, 0.3, 1.0])
        for params, fraction in zip(GRID, [0.1, 0.3, 1.0], strict=True):
            cache.run(params, fraction, partial(run_trial, params, fraction))

    run_stage(execution, SEARCH, job, force=False)
    lines = [line for line in capsys.readouterr().err.splitlines() if "trial " in line]
    # A trial reads the clock three times: 30 s for a tenth of the users, 60 s for four tenths.
    assert lines[0].endswith(", at most 6.5 min left")
    assert lines[1].endswith(", at most 2.5 min left")
