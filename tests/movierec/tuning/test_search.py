"""The search strategies, on a made-up score in place of a fit."""

from dataclasses import replace

import pytest

from movierec.config.schema import (
    EaseConfig,
    ExplicitConfig,
    HalvingConfig,
    ImplicitConfig,
    TuningConfig,
)
from movierec.errors import InputError
from movierec.tuning.search import (
    Trial,
    at_edges,
    best,
    ease_grid,
    explicit_grid,
    implicit_grid,
    planned_trials,
    search,
)

CONFIG = TuningConfig(
    strategy="grid",
    metric="ndcg",
    seed=1,
    draws=5,
    halving=HalvingConfig(initial_fraction=0.1, min_users=50, eta=3, finalists=2),
    pivot=3.0,
    implicit=ImplicitConfig(
        rank=(8, 16, 32), reg_param=(0.1, 1.0), alpha=(1.0, 4.0), feedback=("liked", "signed")
    ),
    explicit=ExplicitConfig(rank=(8,), reg_param=(0.1, 1.0)),
)


def score(params):
    return params.rank / 100 + params.reg_param / 10 + params.alpha / 1000


def run(params, user_fraction):
    metrics = {"ndcg": score(params), "map": -score(params)}
    return Trial(
        params=params, user_fraction=user_fraction, metrics=metrics, rmse=None, seconds=0.0
    )


def test_the_grid_holds_every_combination_once_with_equal_feedback_together():
    grid = implicit_grid(CONFIG)
    assert len(grid) == len(set(grid)) == 24
    assert [params.feedback for params in grid] == ["liked"] * 12 + ["signed"] * 12
    assert [(p.rank, p.reg_param, p.explicit) for p in explicit_grid(CONFIG)] == [
        (8, 0.1, True),
        (8, 1.0, True),
    ]


def test_the_grid_of_ease_keeps_equal_feedback_together():
    ease = EaseConfig(feedback=("soft", "liked"), reg_param=(10.0, 100.0), movies=(300, 500))
    grid = ease_grid(replace(CONFIG, ease=ease))
    assert len(grid) == len(set(grid)) == 8
    assert [params.feedback for params in grid] == ["soft"] * 4 + ["liked"] * 4
    assert at_edges(grid[0], grid) == [
        "reg_param=10 is the lowest tried",
        "movies=300 is the lowest tried",
    ]


def test_grid_runs_everything_on_every_user():
    trials = search(implicit_grid(CONFIG), config=CONFIG, n_users=1000, run=run)
    assert [trial.params for trial in trials] == implicit_grid(CONFIG)
    assert {trial.user_fraction for trial in trials} == {1.0}


def test_random_draws_without_replacement_by_its_seed():
    config = replace(CONFIG, strategy="random")
    grid = implicit_grid(CONFIG)
    trials = search(grid, config=config, n_users=1000, run=run)
    assert len({trial.params for trial in trials}) == 5
    assert trials == search(grid, config=config, n_users=1000, run=run)
    assert trials != search(grid, config=replace(config, seed=2), n_users=1000, run=run)
    assert len(search(grid, config=replace(config, draws=100), n_users=1000, run=run)) == 24


def test_halving_keeps_the_best_third_of_each_rung_and_ends_on_every_user():
    config = replace(CONFIG, strategy="successive_halving")
    grid = implicit_grid(CONFIG)
    trials = search(grid, config=config, n_users=1000, run=run)
    rungs = {}
    for trial in trials:
        rungs.setdefault(trial.user_fraction, []).append(trial.params)
    sizes = [(fraction, len(kept)) for fraction, kept in rungs.items()]
    assert sizes == [(0.1, 24), (pytest.approx(0.3), 8), (1.0, 2)]
    ranking = sorted(grid, key=lambda params: -score(params))
    for kept in rungs.values():
        assert {score(params) for params in kept} == {score(p) for p in ranking[: len(kept)]}


@pytest.mark.parametrize("strategy", ["grid", "random", "successive_halving"])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 24])
def test_the_planned_trials_run(strategy, n):
    config = replace(CONFIG, strategy=strategy)
    grid = implicit_grid(CONFIG)[:n]
    trials = search(grid, config=config, n_users=1000, run=run)
    planned = planned_trials(n, config=config, n_users=1000)
    assert [trial.user_fraction for trial in trials] == planned


@pytest.mark.parametrize(("n_users", "first"), [(500, 0.1), (250, 0.2), (50, 1.0), (7, 1.0)])
def test_the_first_sample_has_the_configured_minimum_of_users(n_users, first):
    config = replace(CONFIG, strategy="successive_halving")
    trials = search(implicit_grid(CONFIG), config=config, n_users=n_users, run=run)
    assert [trial.user_fraction for trial in trials[:24]] == [first] * 24
    assert trials[-1].user_fraction == 1.0


def test_the_winner_is_the_first_best_by_the_configured_metric_on_every_user():
    grid = implicit_grid(CONFIG)
    trials = [run(params, 1.0) for params in grid]
    sampled = replace(trials[0], user_fraction=0.5, metrics={"ndcg": 9.0, "map": 9.0})
    highest = max(score(params) for params in grid)
    first_best = next(params for params in grid if score(params) == highest)
    assert best([sampled, *trials], config=CONFIG).params == first_best
    by_map = best(trials, config=replace(CONFIG, metric="map"))
    assert score(by_map.params) == min(score(params) for params in grid)


@pytest.mark.parametrize("grid", [implicit_grid, explicit_grid, ease_grid])
def test_a_trial_is_restored_from_its_row_and_its_facts(grid):
    metrics = {"ndcg": 0.25}
    trial = Trial(params=grid(CONFIG)[1], user_fraction=1.0, metrics=metrics, seconds=0.5)
    assert Trial.params_of(trial.row()) == trial.params
    assert Trial(params=trial.params, user_fraction=1.0, **trial.facts()) == trial


def test_a_trial_without_a_fit_goes_on_only_if_no_other_does():
    halving = HalvingConfig(initial_fraction=0.5, min_users=1, eta=2, finalists=1)
    config = TuningConfig(strategy="successive_halving", halving=halving)
    first, second = implicit_grid(config)[:2]

    def fit(params, fraction):
        fault = "no solution" if params == first else None
        return Trial(params=params, user_fraction=fraction, metrics={"ndcg": 0.0}, fault=fault)

    trials = search([first, second], config=config, n_users=100, run=fit)
    assert best(trials, config=config).params == second


def test_a_trial_without_a_fit_never_wins_and_without_any_there_is_no_winner():
    config = TuningConfig()
    params = implicit_grid(config)[:3]
    failed = [
        Trial(params=one, user_fraction=1.0, metrics={"ndcg": 0.0}, fault="no solution")
        for one in params[:2]
    ]
    last = Trial(params=params[2], user_fraction=1.0, metrics={"ndcg": 0.0})
    assert best([*failed, last], config=config) is last
    with pytest.raises(InputError, match="none of 2 trials can be fitted; the first: no solution"):
        best(failed, config=config)


def test_a_winner_at_the_edge_of_the_grid_is_named():
    grid = implicit_grid(CONFIG)
    middle = replace(grid[0], rank=16, reg_param=0.1, alpha=1.0)
    assert at_edges(middle, grid) == [
        "reg_param=0.1 is the lowest tried",
        "alpha=1 is the lowest tried",
    ]
    assert at_edges(replace(middle, rank=32), grid)[0] == "rank=32 is the highest tried"
