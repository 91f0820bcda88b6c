"""Twins and random pairs: how well the ratings of each group correlate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyspark import StorageLevel
from pyspark.sql import DataFrame

from movierec.config.twins import DuplicatesConfig, TwinsConfig
from movierec.data.arrays import Ints
from movierec.data.columns import N_USERS, SIZE
from movierec.data.sampling import sample_users
from movierec.twins.correlation import Agreement, CommonRatings, agreement, collect_common_ratings
from movierec.twins.movie_sets import movie_sets
from movierec.twins.pair_statistics import PairValues, compare_means
from movierec.twins.random_pairs import collect_random_pairs
from movierec.twins.search import exact_blocks
from movierec.twins.top_pairs import TopPairs, collect_sums, collect_top_pairs


@dataclass(frozen=True)
class PairGroups:
    """Twins and random pairs of the users with at least `min_movies` movies."""

    min_movies: int
    users: int
    top: TopPairs
    random: list[tuple[int, int]]


@dataclass(frozen=True)
class GroupAgreement:
    """Pair groups, and how well their pairs agree."""

    groups: PairGroups
    common: CommonRatings
    """Of the twins."""
    twins: Agreement
    random: Agreement

    def duplicates(self, config: DuplicatesConfig) -> list[bool]:
        """Return, for each twin pair, whether it looks like two accounts of one person."""
        return [
            pair.common >= config.common
            and pair.jaccard >= config.jaccard
            and bool(equal >= config.equal_ratings)
            for pair, equal in zip(self.groups.top.pairs, self.twins.equal, strict=True)
        ]

    def correlations(self, name: str, *, config: TwinsConfig) -> dict[str, Any]:
        """Return the summary of one correlation, `pearson` or `spearman`.

        Undefined correlations are left out of both groups, and counted.
        """
        described, values = {}, {}
        for group, pairs, found in (
            ("twins", self.twin_users(), self.twins),
            ("random", np.array(self.groups.random, np.int64), self.random),
        ):
            correlations = getattr(found, name)
            values[group] = PairValues.defined(pairs, correlations)
            too_few = found.common < config.min_common
            described[group] = {
                "pairs": len(found.common),
                "defined": len(values[group].values),
                "undefined_too_few_common": int(too_few.sum()),
                "undefined_constant_rater": int((np.isnan(correlations) & ~too_few).sum()),
                **values[group].describe(),
            }
        return {**described, **compare_means(values["twins"], values["random"])}

    def twin_users(self) -> Ints:
        """Return the users of each twin pair, [n, 2]."""
        return np.array([pair[:2] for pair in self.groups.top.pairs], np.int64).reshape(-1, 2)


def collect_curve(ratings: DataFrame, *, n_users: int, config: TwinsConfig) -> list[PairGroups]:
    """Return the true twins and random pairs for each floor of the curve.

    The curve covers a random sample of about `curve.users` of the `n_users` users, or all.
    """
    floors = sorted(config.curve.floors)
    if config.curve.users is not None:
        fraction = config.curve.users / n_users
        ratings = sample_users(ratings, fraction=fraction, seed=config.seed)
    sets = movie_sets(ratings, min_movies=floors[0], keep_users=config.pairs + 1)
    sets = sets.persist(StorageLevel.MEMORY_AND_DISK)
    tops, _ = collect_top_pairs(
        sets,
        blocks=exact_blocks(sets),
        floors=floors,
        n_pairs=config.pairs,
        thresholds=config.thresholds,
    )
    users = collect_sums(sets, N_USERS, floors=floors, size=SIZE)
    random = collect_random_pairs(
        ratings, floors=floors, n_pairs=config.random_pairs, seed=config.seed
    )
    sets.unpersist()
    return [PairGroups(floor, users[floor], tops[floor], random[floor]) for floor in floors]


def collect_pair_groups(
    ratings: DataFrame, *, top: TopPairs, users: int, config: TwinsConfig
) -> PairGroups:
    """Return the twins found, and random pairs of users above the same floor."""
    floor = config.min_movies
    random = collect_random_pairs(
        ratings, floors=[floor], n_pairs=config.random_pairs, seed=config.seed
    )
    return PairGroups(floor, users, top, random[floor])


def collect_agreement(
    ratings: DataFrame, all_groups: Sequence[PairGroups], *, min_common: int
) -> list[GroupAgreement]:
    """Return how well the pairs of all groups agree, by one `collect_common_ratings`."""
    pairs: list[tuple[int, int]] = []
    for groups in all_groups:
        pairs += [pair[:2] for pair in groups.top.pairs] + groups.random
    common = collect_common_ratings(ratings, pairs=pairs)
    found, first = [], 0
    for groups in all_groups:
        middle = first + len(groups.top.pairs)
        last = middle + len(groups.random)
        twins, random = common.slice(first, middle), common.slice(middle, last)
        of_both = (agreement(one, min_common=min_common) for one in (twins, random))
        found.append(GroupAgreement(groups, twins, *of_both))
        first = last
    return found
