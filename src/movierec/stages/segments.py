"""Find segments of all users, test and describe them, and make the list of each segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.config.schema import Config
from movierec.data import datasets
from movierec.data.arrays import Ints, collect_arrays
from movierec.data.columns import BASIS, MOVIE_ID, N_RATINGS, SEGMENT, TITLE, USER_ID
from movierec.data.counts import count_ratings_by
from movierec.errors import SingularFitError
from movierec.models.als import AlsParams, Factors, with_block_counts
from movierec.models.als_engines import fit_factors
from movierec.models.names import ALS
from movierec.models.new_users import fold_in_users
from movierec.models.recommenders import Recommenders
from movierec.models.segment_popularity import collect_counts, fit_segment_popularity, like_counts
from movierec.pipeline import dag
from movierec.pipeline.context import Context
from movierec.pipeline.exports import to_json
from movierec.segments import profiles, summary
from movierec.segments.clustering import Labels, Singles, refine
from movierec.segments.members import assign_users
from movierec.segments.population import (
    Population,
    UserSample,
    collect_factors,
    collect_population,
    collect_sample,
    first_by_hash,
    of_users,
)
from movierec.segments.properties import collect_kinds
from movierec.segments.selection import Size, choose, feasible_sizes, measure_size
from movierec.segments.space import assign, directions, points_of, space_matrix
from movierec.segments.stability import best_jaccards
from movierec.segments.traits import Trait, Traits, find_traits, segment_names
from movierec.segments.usefulness import Heldout
from movierec.segments.worth import genre_segments, measure_worth, user_map
from movierec.splitting.splits import HELD_OUT, SPLITS, TRAIN, TRAINING_SPLITS, VALIDATION
from movierec.stages import inputs

CLUSTERED, ASSIGNED, LATER, NONE = "clustered", "assigned", "later", "none"
"""Why a user is in a segment: shaped it, only fits it, came after train; or is in none."""
_MAP_USERS, _MAP_DIGITS = 1000, 4
Booleans = npt.NDArray[np.bool_]


def run(context: Context) -> None:
    """Write members, profiles, traits and lists of the segments, segments.csv and the summary."""
    config = with_block_counts(context.config, n_ratings=inputs.count_ratings(context))
    own = config.segments
    fit = inputs.read_factors(context, inputs.TUNED_FACTORS, model=ALS)
    splits = {name: context.read(datasets.SPLIT_RATINGS, split=name) for name in SPLITS}
    train = splits[TRAIN] = splits[TRAIN].persist()
    with context.step("collect"):
        population = collect_population(fit.users, train=train)
        movies = collect_factors(fit.movies, key=MOVIE_ID)[1]
        sample = collect_sample(
            population,
            splits,
            size=own.sample_users,
            seed=own.seed,
            relevant_rating=config.evaluation.relevant_rating,
        )
        heldout = _heldout(sample, splits, k=config.evaluation.k)
    shaping = population.clustered(min_ratings=own.min_ratings)
    if not shaping[sample.rows].any():
        # nobody has that many ratings, or likes anything
        shaping = np.ones_like(shaping)
    matrix = space_matrix(population.factors, movies, space=own.space, of=shaping)
    resampled = _resampled(population, sample, shaping, config)
    with context.step("refits"):
        fits = [
            points_of(population.factors[resampled], matrix),
            *_refits(context, train, population, sample, shaping, resampled, config),
        ]
    points = points_of(population.factors[sample.rows], matrix)
    sizes = _measure(context, fits, points, shaping[sample.rows], heldout[VALIDATION], config)
    chosen, stable = choose(sizes, min_ari=own.min_ari)
    with context.step("cluster"):
        shapers = points_of(population.factors[shaping], matrix)
        towards = directions(refine(shapers, chosen.centres).centres, matrix)
        labels = assign(population.factors, towards)
    context.write_rows(
        [(at, row.tolist()) for at, row in enumerate(towards, 1)], datasets.SEGMENT_CENTRES
    )
    known = assign_users(fit.users, towards=towards).persist()
    members = context.write(
        _members(context, fit, known, train, towards, config), datasets.SEGMENT_MEMBERS
    )
    with context.step("recommend"):
        for split in HELD_OUT:
            _recommend(context, fit, known, split, towards, config)
    with context.step("traits"):
        counts = collect_counts(
            like_counts(
                train,
                members=known,
                n_segments=len(towards),
                relevant_rating=config.evaluation.relevant_rating,
            ),
            n_segments=len(towards),
        )
        kinds = _kinds(context, counts[0])
        traits = find_traits(
            labels[sample.rows],
            kinds,
            likes=sample.likes(TRAIN, movie_ids=counts[0]),
            heldout=sample.likes(*HELD_OUT, movie_ids=counts[0]),
            n_segments=len(towards),
            false_discoveries=own.false_discoveries,
            min_lift=own.min_lift,
        )
    with context.step("profiles"):
        rows = _profiles(
            context,
            members,
            counts,
            traits,
            stability=best_jaccards(labels[resampled], chosen.bootstraps, k=len(towards)),
            n_clustered=np.bincount(labels[shaping & (labels >= 0)], minlength=len(towards)),
            pseudo_likes=own.pseudo_likes,
        )
    with context.step("random segments"):
        worth = measure_worth(
            labels[sample.rows],
            genre_segments(
                kinds[0],
                sample.likes(TRAIN, movie_ids=counts[0]),
                clustered=shaping[sample.rows],
                n_segments=len(towards),
                config=own,
            ),
            heldout=heldout,
            n_segments=len(towards),
            config=own,
        )
    warnings = summary.cautions(
        rows, stable=stable, median_ari=chosen.median_ari, min_ari=own.min_ari
    )
    for one in warnings:
        context.warn(one)
    context.write_rows(rows, datasets.SEGMENT_PROFILES)
    context.write_rows(summary.trait_rows(traits), datasets.SEGMENT_TRAITS)
    context.write_rows(_map(sample, points, labels), datasets.SEGMENT_MAP)
    context.attempt.write_text(dag.SEGMENTS_CSV, summary.segments_csv(rows, warnings=warnings))
    found = summary.segments_summary(
        sizes,
        chosen=chosen,
        stable=stable,
        profiles=rows,
        unassigned=members.where(F.col(SEGMENT).isNull()).count(),
        traits=traits,
        worth=worth,
        warnings=warnings,
    )
    context.facts["shuffled_p99"] = worth.shuffled_p99
    context.attempt.write_text(dag.SUMMARY, to_json({"segments": found}))
    for frame in (known, train):
        frame.unpersist()


def _heldout(sample: UserSample, splits: dict[str, DataFrame], *, k: int) -> dict[str, Heldout]:
    """Return each held-out split of the sample; candidates are those of all users."""
    found = {}
    for split in HELD_OUT:
        training = TRAINING_SPLITS[split]
        rated = reduce(DataFrame.unionByName, (splits[name] for name in training))
        ids = collect_arrays(rated.select(MOVIE_ID).distinct())[MOVIE_ID]
        candidates = np.sort(ids.astype(np.int64))
        found[split] = sample.heldout(split, training=training, candidates=candidates, k=k)
    return found


def _resampled(
    population: Population, sample: UserSample, shaping: Booleans, config: Config
) -> Ints:
    """Return the places in the population of the users whom the bootstraps resample."""
    able = sample.rows[shaping[sample.rows]]
    if not len(able):
        able = np.flatnonzero(shaping)
    own = config.segments
    return able[first_by_hash(population.ids[able], own.bootstrap_users, seed=own.seed)]


def _refits(
    context: Context,
    train: DataFrame,
    population: Population,
    sample: UserSample,
    shaping: Booleans,
    resampled: Ints,
    config: Config,
) -> list[Singles]:
    """Return the points of the resampled users by fits of ALS to the sample with other seeds."""
    params = AlsParams(**_params(context))
    everybody = len(sample.rows) == len(population.ids)
    ratings = train if everybody else of_users(train, sample.ids).persist()
    fits = []
    for number in range(1, config.segments.refits + 1):
        seeded = replace(config, als=replace(config.als, seed=config.als.seed + number))
        try:
            factors = fit_factors(ratings, params=params, config=seeded)
            ids, users = collect_factors(factors.users, key=USER_ID)
            movies = collect_factors(factors.movies, key=MOVIE_ID)[1]
        except SingularFitError as error:
            context.warn(f"a refit was left out: {error}")
            continue
        own = np.searchsorted(ids, sample.ids[shaping[sample.rows]])
        matrix = space_matrix(users, movies, space=config.segments.space, of=own)
        rows = np.searchsorted(ids, population.ids[resampled])
        fits.append(points_of(users[rows], matrix))
    return fits


def _measure(
    context: Context,
    fits: Sequence[Singles],
    points: Singles,
    clustered: Booleans,
    heldout: Heldout,
    config: Config,
) -> list[Size]:
    sizes = []
    feasible = feasible_sizes(config.segments.sizes, n_users=len(fits[0]))
    with context.step("sizes", of=len(feasible)):
        for k in feasible:
            sizes.append(
                measure_size(
                    k,
                    fits,
                    points=points,
                    clustered=clustered,
                    heldout=heldout,
                    config=config.segments,
                )
            )
            context.advance()
    return sizes


def _params(context: Context) -> dict[str, Any]:
    return dict(vars(inputs.winner(context, ALS)))


def _later(
    context: Context, ratings: DataFrame, fit: Factors, towards: Singles, config: Config
) -> DataFrame:
    """Return the segments of the users of `ratings` whom the fit does not know, by fold-in."""
    new = ratings.join(fit.users.select(USER_ID), on=USER_ID, how="left_anti")
    params = AlsParams(**_params(context))
    factors = fold_in_users(new, movie_factors=fit.movies, params=params, config=config)
    return assign_users(factors, towards=towards)


def _members(
    context: Context,
    fit: Factors,
    known: DataFrame,
    train: DataFrame,
    towards: Singles,
    config: Config,
) -> DataFrame:
    """Return the segment of every user with a rating, and its basis."""
    active = F.col(N_RATINGS) >= config.segments.min_ratings
    in_train = known.join(count_ratings_by(train, key=USER_ID), on=USER_ID, how="left").select(
        USER_ID, SEGMENT, F.when(active, CLUSTERED).otherwise(ASSIGNED).alias(BASIS)
    )
    ratings = context.read(datasets.RATINGS)
    later = _later(context, ratings, fit, towards, config).withColumn(BASIS, F.lit(LATER))
    placed = in_train.unionByName(later)
    everybody = ratings.select(USER_ID).distinct()
    basis = F.when(F.col(SEGMENT).isNull(), NONE).otherwise(F.col(BASIS)).alias(BASIS)
    return everybody.join(placed, on=USER_ID, how="left").select(USER_ID, SEGMENT, basis)


def _recommend(
    context: Context,
    fit: Factors,
    known: DataFrame,
    split: str,
    towards: Singles,
    config: Config,
) -> None:
    """Write everybody's list of what is popular in the segment, for one held-out split."""
    train = inputs.read_training_ratings(context, split)
    heldout = context.read(datasets.SPLIT_RATINGS, split=split)
    recommenders = Recommenders(train=train, heldout=heldout, config=config)
    members = known
    if split != VALIDATION:
        # by the ratings before the split, those who came after train too
        later = _later(context, recommenders.train, fit, towards, config)
        members = known.unionByName(later)
    factors = fit_segment_popularity(
        recommenders.train,
        members=members,
        users=recommenders.users,
        n_segments=len(towards),
        pseudo_likes=config.segments.pseudo_likes,
        relevant_rating=config.evaluation.relevant_rating,
    )
    context.write(recommenders.lists(factors), datasets.SEGMENT_LISTS, split=split)
    recommenders.close()


def _kinds(context: Context, movie_ids: Ints) -> list[Traits]:
    """Return the properties of the movies that the archive knows."""
    there = context.input(dag.INGEST).manifest.rows
    genome = (datasets.GENOME_TAGS, datasets.GENOME_SCORES)
    return collect_kinds(
        movie_ids,
        movies=context.read(datasets.MOVIES),
        tags=context.read(datasets.TAGS) if datasets.TAGS.path in there else None,
        genome=(
            (context.read(genome[0]), context.read(genome[1]))
            if all(one.path in there for one in genome)
            else None
        ),
    )


def _profiles(
    context: Context,
    members: DataFrame,
    counts: tuple[Ints, Ints, Ints],
    traits: Sequence[Trait],
    *,
    stability: npt.NDArray[np.float64],
    n_clustered: Ints,
    pseudo_likes: float,
) -> list[dict[str, Any]]:
    """Return the profile of each segment."""
    activity = profiles.collect_activity(context.read(datasets.RATINGS), members=members)
    users = [activity[at].users if at in activity else 0 for at in range(1, len(n_clustered) + 1)]
    typical = profiles.typical_movies(*counts, n_users=users, pseudo_likes=pseudo_likes)
    wanted = [movie for own in typical for movie in own]
    movies = context.read(datasets.MOVIES).where(F.col(MOVIE_ID).isin(wanted))
    return profiles.profile_rows(
        names=segment_names(traits, n_segments=len(users)),
        activity=activity,
        n_clustered=n_clustered.tolist(),
        stability=stability,
        traits=traits,
        typical=typical,
        titles={row[MOVIE_ID]: row[TITLE] for row in movies.collect()},
    )


def _map(sample: UserSample, points: Singles, labels: Labels) -> list[tuple[Any, ...]]:
    """Return up to a thousand users of the sample with their segments and places in a plane."""
    segments = labels[sample.rows]
    shown = np.flatnonzero(segments >= 0)
    shown = shown[first_by_hash(sample.ids[shown], _MAP_USERS, seed=0)]
    if not len(shown):
        return []
    plane = np.round(user_map(points[shown]), _MAP_DIGITS).tolist()
    rows = zip(sample.ids[shown].tolist(), (segments[shown] + 1).tolist(), plane, strict=True)
    return [(user, segment, x, y) for user, segment, (x, y) in rows]
