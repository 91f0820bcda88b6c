"""Groups of users with one and the same small set: those whom a link or a class sent.

In ml-latest some 230 users share one set of three movies or more, which no front page explains:
they came to rate what they had been told to.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from movierec_synthetic.spec import SampleSpec, Stream

Ints = npt.NDArray[np.int64]


def planned_groups(spec: SampleSpec, counts: Ints, *, planted: Ints) -> tuple[Ints, ...]:
    """The members of each of the shape's `referrals`, a source first.

    No user is in two groups, or in `planted`. A group has fewer members where fewer users have
    just so many ratings, and is left out where it would have fewer than two. Its members'
    ratings are `counts`, as they were.
    """
    rng = spec.stream(Stream.REFERRALS, 0)
    free = np.ones(spec.users, dtype=bool)
    free[planted] = False
    groups = []
    for ratings, share in spec.shape.referrals:
        able = np.flatnonzero(free & (counts == ratings))
        members = min(round(share * spec.users), len(able))
        if members >= 2:
            group = rng.choice(able, size=members, replace=False)
            free[group] = False
            groups.append(group)
    return tuple(groups)


def group_facts(groups: tuple[Ints, ...], counts: Ints) -> list[dict[str, int]]:
    """What is true of each planted group: its members, their movies, and the least user id."""
    return [
        {"users": len(group), "movies": int(counts[group[0]]), "first_user": int(group.min()) + 1}
        for group in groups
    ]
