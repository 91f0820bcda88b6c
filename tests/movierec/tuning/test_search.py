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
    draws=5,
    halving=HalvingConfig(initial_fraction=0.1, min_users=50, eta=3, finalists=2),
    implicit=ImplicitConfig(
        rank=(8, 16, 32), reg_param=(0.1, 1.0), alpha=(1.0, 4.0), feedback=("liked", "signed")
    ),
    explicit=ExplicitConfig(rank=(8,), reg_param=(0.1, 1.0)),
)
GRID = implicit_grid(CONFIG)


def score(params):
    return params.rank / 100 + params.reg_param / 10 + params.alpha / 1000


def run(params, user_fraction):
    metrics = {"ndcg": score(params), "map": -score(params)}
    return Trial(params=params, user_fraction=user_fraction, metrics=metrics)


def searched(grid=GRID, *, n_users=1000, run=run, **changes):
    return search(grid, config=replace(CONFIG, **changes), n_users=n_users, run=run)


def test_the_grid_holds_every_combination_once_with_equal_feedback_together():
    assert len(GRID) == len(set(GRID)) == 24
    assert [params.feedback for params in GRID] == ["liked"] * 12 + ["signed"] * 12
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
    assert searched() == [run(params, 1.0) for params in GRID]


def test_random_draws_without_replacement_by_its_seed():
    trials = searched(strategy="random")
    assert len({trial.params for trial in trials}) == 5
    assert trials == searched(strategy="random")
    assert trials != searched(strategy="random", seed=2)
    assert len(searched(strategy="random", draws=100)) == 24


def test_halving_keeps_the_best_third_of_each_rung_and_ends_on_every_user():
    rungs = {}
    for trial in searched(strategy="successive_halving"):
        rungs.setdefault(trial.user_fraction, []).append(trial.params)
    sizes = [(fraction, len(kept)) for fraction, kept in rungs.items()]
    assert sizes == [(0.1, 24), (pytest.approx(0.3), 8), (1.0, 2)]
    ranking = sorted(GRID, key=lambda params: -score(params))
    for kept in rungs.values():
        assert {score(params) for params in kept} == {score(p) for p in ranking[: len(kept)]}


@pytest.mark.parametrize("strategy", ["grid", "random", "successive_halving"])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 24])
def test_the_planned_trials_run(strategy, n):
    planned = planned_trials(n, config=replace(CONFIG, strategy=strategy), n_users=1000)
    assert [one.user_fraction for one in searched(GRID[:n], strategy=strategy)] == planned


@pytest.mark.parametrize(("n_users", "first"), [(500, 0.1), (250, 0.2), (50, 1.0), (7, 1.0)])
def test_the_first_sample_has_the_configured_minimum_of_users(n_users, first):
    trials = searched(n_users=n_users, strategy="successive_halving")
    assert [trial.user_fraction for trial in trials[:24]] == [first] * 24
    assert trials[-1].user_fraction == 1.0


def test_the_winner_is_the_first_best_by_the_configured_metric_on_every_user():
    trials = [run(params, 1.0) for params in GRID]
    sampled = replace(trials[0], user_fraction=0.5, metrics={"ndcg": 9.0, "map": 9.0})
    highest = max(score(params) for params in GRID)
    first_best = next(params for params in GRID if score(params) == highest)
    assert best([sampled, *trials], config=CONFIG).params == first_best
    by_map = best(trials, config=replace(CONFIG, metric="map"))
    assert score(by_map.params) == min(score(params) for params in GRID)


@pytest.mark.parametrize("grid", [implicit_grid, explicit_grid, ease_grid])
def test_a_trial_is_restored_from_its_row_and_its_facts(grid):
    metrics = {"ndcg": 0.25}
    trial = Trial(params=grid(CONFIG)[1], user_fraction=1.0, metrics=metrics, seconds=0.5)
    assert Trial.params_of(trial.row()) == trial.params
    assert Trial(params=trial.params, user_fraction=1.0, **trial.facts()) == trial


def test_a_trial_without_a_fit_goes_on_only_if_no_other_does():
    halving = HalvingConfig(initial_fraction=0.5, min_users=1, eta=2, finalists=1)
    first, second = GRID[:2]

    def fit(params, fraction):
        fault = "no solution" if params == first else None
        return Trial(params=params, user_fraction=fraction, metrics={"ndcg": 0.0}, fault=fault)

    how = {"strategy": "successive_halving", "halving": halving}
    trials = searched([first, second], n_users=100, run=fit, **how)
    assert best(trials, config=CONFIG).params == second


def test_a_trial_without_a_fit_never_wins_and_without_any_there_is_no_winner():
    failed = [
        replace(run(params, 1.0), metrics={"ndcg": 0.0}, fault="no solution") for params in GRID[:2]
    ]
    last = replace(failed[0], params=GRID[2], fault=None)
    assert best([*failed, last], config=CONFIG) is last
    with pytest.raises(InputError, match="none of 2 trials can be fitted; the first: no solution"):
        best(failed, config=CONFIG)


def test_a_winner_at_the_edge_of_the_grid_is_named():
    middle = replace(GRID[0], rank=16, reg_param=0.1, alpha=1.0)
    assert at_edges(middle, GRID) == [
        "reg_param=0.1 is the lowest tried",
        "alpha=1 is the lowest tried",
    ]
    assert at_edges(replace(middle, rank=32), GRID)[0] == "rank=32 is the highest tried"
