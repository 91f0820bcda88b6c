"""The whole content of an archive, drawn from its spec."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.activity import Activity, draw_activity
from movierec_synthetic.catalogue import Catalogue, make_catalogue
from movierec_synthetic.history import History, make_history, rate_unrated_movies
from movierec_synthetic.movie_sampler import make_movie_sampler
from movierec_synthetic.planting import plant_groups, plant_movies, plant_ratings
from movierec_synthetic.population import make_population
from movierec_synthetic.spec import SampleSpec
from movierec_synthetic.stars import draw_ratings
from movierec_synthetic.tastes import Tastes, make_tastes


@dataclass(frozen=True)
class Sample:
    """Movies, ratings (the history's rows, movies rising within each user) and what they come from.

    `half_steps` uint8: the ratings in half stars, 1 … 10.
    """

    spec: SampleSpec
    activity: Activity
    catalogue: Catalogue
    tastes: Tastes
    history: History
    half_steps: npt.NDArray[np.uint8]


def make_sample(spec: SampleSpec) -> Sample:
    """Draw a sample; equal specs give equal samples.

    Memory: 9 bytes per rating, and some hundred megabytes for the tastes of a full-size catalogue.
    """
    activity = draw_activity(spec)
    catalogue = make_catalogue(spec, most_rated_by_one=int(activity.counts.max()))
    tastes = make_tastes(spec, catalogue)
    population = make_population(spec, activity)
    sampler = make_movie_sampler(spec.shape, catalogue, tastes)
    history = make_history(spec, activity, population, sampler)
    rate_unrated_movies(
        spec,
        history,
        catalogue=catalogue,
        tastes=tastes,
        population=population,
        fixed=activity.planted,
    )
    plant_movies(spec, activity, history, population=population, sampler=sampler)
    plant_groups(spec, activity, history)
    history.sort_by_movie(spec.blocks)
    half_steps = draw_ratings(
        spec, history, catalogue=catalogue, tastes=tastes, population=population
    )
    plant_ratings(spec, activity, history, half_steps)
    return Sample(spec, activity, catalogue, tastes, history, half_steps)
