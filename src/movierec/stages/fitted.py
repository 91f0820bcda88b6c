"""Factors of fitted models as datasets of a stage's result."""

from __future__ import annotations

from movierec.data.schemas import MOVIE_FACTORS, USER_FACTORS
from movierec.models.als import Factors
from movierec.pipeline.context import Context
from movierec.pipeline.dag import Stage


def write_factors(context: Context, factors: Factors, *, path: str) -> Factors:
    """Write the factors as `<path>/users` and `<path>/movies`; return them as read back."""
    return Factors(
        users=context.write(factors.users, f"{path}/users", USER_FACTORS),
        movies=context.write(factors.movies, f"{path}/movies", MOVIE_FACTORS),
    )


def read_factors(context: Context, stage: Stage, *, path: str) -> Factors:
    """Return the factors that `write_factors` left in the result of another stage."""
    return Factors(
        users=context.read(stage, f"{path}/users", USER_FACTORS),
        movies=context.read(stage, f"{path}/movies", MOVIE_FACTORS),
    )
