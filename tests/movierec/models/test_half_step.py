"""The half-step of many users against the systems in double precision, one by one."""

import numpy as np
import pytest

from movierec.models.fold_in import FoldIn
from movierec.models.half_step import Rated, half_step


def rated_by(lengths, *, movies, random):
    """Users with these numbers of ratings, of which a quarter say nothing or dislike."""
    starts = np.cumsum([0, *lengths])
    positions = [np.sort(random.choice(movies, n, replace=False)) for n in lengths]
    values = random.choice(
        [-2.5, -0.5, 0.0, 0.5, 1.0, 2.0], starts[-1], p=[0.1, 0.1, 0.05, *[0.25] * 3]
    )
    return Rated(starts, np.concatenate(positions).astype(np.int32), values.astype(np.float32))


def expected(factors, rated, *, reg_param, alpha):
    fold_in = FoldIn(factors.astype(np.float64), reg_param=reg_param, alpha=alpha)
    bounds = zip(rated.starts[:-1], rated.starts[1:], strict=True)
    return np.array(
        [
            fold_in.equations(rated.positions[a:b], rated.values[a:b].astype(np.float64)).solve()
            for a, b in bounds
        ]
    )


@pytest.mark.parametrize("alpha", [None, 0.5, 40.0])
@pytest.mark.parametrize("reg_param", [1e-4, 0.1])
@pytest.mark.parametrize("scale", [0.01, 30.0])
def test_factors_are_those_of_the_systems_in_doubles(alpha, reg_param, scale):
    for seed, rank in enumerate([1, 2, 7, 16, 33]):
        random = np.random.default_rng(seed)
        factors = (scale * random.standard_normal((90, rank))).astype(np.float32)
        rated = rated_by(random.integers(1, 90, 30), movies=90, random=random)
        found = half_step(factors, reg_param=reg_param, alpha=alpha).solve(rated)
        exact = expected(factors, rated, reg_param=reg_param, alpha=alpha)
        scores, right = (vectors @ factors.T.astype(np.float64) for vectors in (found, exact))
        assert scores == pytest.approx(right, abs=2e-5 * np.abs(right).max())


def test_the_heaviest_user_is_taken_in_parts():
    random = np.random.default_rng(1)
    factors = random.standard_normal((70_000, 4)).astype(np.float32)
    rated = rated_by([60_000, 3], movies=70_000, random=random)
    found = half_step(factors, reg_param=0.1, alpha=2.0).solve(rated)
    exact = expected(factors, rated, reg_param=0.1, alpha=2.0)
    assert found == pytest.approx(exact, rel=1e-4, abs=1e-6)


def test_who_likes_nothing_has_zeros_and_no_single_solution_is_nan():
    """The first user dislikes a movie, the second likes one."""
    rated = Rated(np.array([0, 1, 2]), np.array([0, 1], np.int32), np.float32([-1.0, 1.0]))
    flat = np.array([[1.0, 0.0], [2.0, 0.0]], np.float32)
    assert np.isnan(half_step(flat, reg_param=0.0, alpha=1.0).solve(rated)).all()
    found = half_step(flat, reg_param=0.1, alpha=1.0).solve(rated)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()
    both = np.array([[1.0, 0.0], [2.0, 1.0]], np.float32)
    found = half_step(both, reg_param=0.1, alpha=1.0).solve(rated)
    assert (found[0] == 0).all()
    assert np.isfinite(found[1]).all()
