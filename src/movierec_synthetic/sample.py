"""Everything that an archive holds, drawn from its spec."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec_synthetic.activity import Activity, plan_activity
from movierec_synthetic.catalogue import Catalogue, make_catalogue
from movierec_synthetic.choice import make_chooser
from movierec_synthetic.history import History, discover_rarities, make_history
from movierec_synthetic.planting import plant_movies, plant_referrals, plant_stars
from movierec_synthetic.population import make_population
from movierec_synthetic.spec import SampleSpec
from movierec_synthetic.stars import give_stars
from movierec_synthetic.tastes import Tastes, make_tastes


@dataclass(frozen=True)
class Sample:
    """Movies, ratings (the history's rows, movies rising within each user) and what made them.

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

    Memory: 9 bytes a rating, and some hundred megabytes for the tastes of a full-size catalogue.
    """
    activity = plan_activity(spec)
    catalogue = make_catalogue(spec, most_rated_by_one=int(activity.counts.max()))
    tastes = make_tastes(spec, catalogue)
    population = make_population(spec, activity)
    chooser = make_chooser(spec.shape, catalogue, tastes)
    history = make_history(spec, activity, population, chooser)
    discover_rarities(
        spec,
        history,
        catalogue=catalogue,
        tastes=tastes,
        population=population,
        fixed=activity.planted,
    )
    plant_movies(spec, activity, history, population=population, chooser=chooser)
    plant_referrals(spec, activity, history)
    history.sort_by_movie(spec.blocks)
    half_steps = give_stars(
        spec, history, catalogue=catalogue, tastes=tastes, population=population
    )
    plant_stars(spec, activity, history, half_steps)
    return Sample(spec, activity, catalogue, tastes, history, half_steps)
