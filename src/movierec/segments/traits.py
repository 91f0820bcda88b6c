"""What the users of a segment like more, or less, than all other users.

A trait is a property of movies: a genre, a decade, a tag of users, a tag of the genome. Its share
in a group of users is the share of their likes that go to movies with it, a genome tag counting by
its relevance. The test compares the log-odds of two shares (Monroe, Colaresi and Quinn, Fightin'
Words, 2008, with the shares of all users as the prior). Likes of one user are alike, and those of
one movie: a trait must hold for other users and for other movies. So the variance is clustered by
both (Cameron, Gelbach and Miller, Robust Inference With Multiway Clustering, 2011). The p-values of
all segments and traits are corrected together (Benjamini and Hochberg, 1995).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from movierec.data.arrays import Floats, Ints
from movierec.segments.clustering import Labels, Singles

_PRIOR_LIKES: Final = 50.0
_FEWEST_USERS: Final = 5
_CELLS_PER_BLOCK: Final = 1 << 24
_NAME_TRAITS, _PER_KIND = 3, 2


@dataclass(frozen=True)
class Traits:
    """The properties of one kind of the movies of a catalogue."""

    kind: str
    names: Sequence[str]
    """[t]"""
    values: Singles
    """[movies, t]: from 0 to 1."""
    known: npt.NDArray[np.bool_]
    """[movies]: movies of which the properties are known. The others' likes do not count."""


@dataclass(frozen=True)
class Likes:
    """The likes of n users, sorted by user."""

    n_users: int
    user: Ints
    movie: Ints


@dataclass(frozen=True, kw_only=True)
class Trait:
    """A trait by which a segment, from 0, differs from all other users."""

    segment: int
    kind: str
    name: str
    share: float
    others_share: float
    p_value: float
    held_out_lift: float | None = None
    """Of held-out likes; None if no held-out like has the trait."""

    @property
    def lift(self) -> float:
        """How many times as frequent it is in the segment's likes as in the others'."""
        return self.share / self.others_share

    @property
    def held(self) -> bool | None:
        """Whether held-out likes differ in the same direction."""
        if self.held_out_lift is None:
            return None
        return (self.held_out_lift > 1) if self.lift > 1 else (self.held_out_lift < 1)


@dataclass(frozen=True)
class _Shares:
    """The shares of one kind in each segment and outside it."""

    own: Floats
    """[k, t]"""
    others: Floats
    """[k, t]"""
    p_values: Floats
    """[k, t]"""
    users: Ints
    """[k, t]: of the side with the larger share, those with a like that has the trait."""
    seen: npt.NDArray[np.bool_]
    """[t]: in a like of any user."""


def find_traits(
    labels: Labels,
    kinds: Iterable[Traits],
    *,
    likes: Likes,
    heldout: Likes,
    n_segments: int,
    false_discoveries: float,
    min_lift: float,
) -> list[Trait]:
    """Return the traits of each segment, the surest first.

    `labels` [n] are −1 for users in no segment, who count among the others. A trait has a lift of
    at least `min_lift`, or at most its inverse; of those and all others, the share
    `false_discoveries` may be due to chance. At least five users of the larger side like it.
    """
    found, later, of_kind = [], [], []
    for kind in kinds:
        if len(kind.names):
            found.append(_shares(labels, kind, likes, n_segments))
            later.append(_shares(labels, kind, heldout, n_segments))
            of_kind.append(kind)
    if not found:
        return []
    threshold = accepted_p_value(
        np.concatenate([one.p_values.ravel() for one in found]), rate=false_discoveries
    )
    traits = []
    for kind, now, then in zip(of_kind, found, later, strict=True):
        lifts = now.own / now.others
        far = (lifts >= min_lift) | (lifts <= 1 / min_lift)
        sure = far & (now.p_values <= threshold) & (now.users >= _FEWEST_USERS)
        for segment, at in zip(*np.nonzero(sure), strict=True):
            lift = then.own[segment, at] / then.others[segment, at] if then.seen[at] else None
            traits.append(
                Trait(
                    segment=int(segment),
                    kind=kind.kind,
                    name=kind.names[at],
                    share=float(now.own[segment, at]),
                    others_share=float(now.others[segment, at]),
                    p_value=float(now.p_values[segment, at]),
                    held_out_lift=None if lift is None else float(lift),
                )
            )
    return sorted(traits, key=lambda one: (one.segment, one.p_value, -one.lift, one.kind, one.name))


def segment_names(traits: Sequence[Trait], *, n_segments: int) -> list[str]:
    """Return the name of each segment: up to three of its surest likes, two of a kind at most.

    If it has fewer than two, what it likes less follows. Segments that would have equal names get
    more traits, then numbers; one without a trait is `average taste`.
    """
    words, lengths = [], []
    for number in range(n_segments):
        own = [one for one in traits if one.segment == number]
        more = _varied([one for one in own if one.lift > 1])
        less = [f"less {name}" for name in _varied([one for one in own if one.lift < 1])]
        words.append([*more, *less])
        lengths.append(min(max(len(more), 2), _NAME_TRAITS))
    names = [", ".join(own[:n]) or "average taste" for own, n in zip(words, lengths, strict=True)]
    for number, name in enumerate(names):
        if name in names[:number]:
            longer = ", ".join(words[number][: lengths[number] + 1])
            is_new = longer not in ("", *names[:number])
            names[number] = longer if is_new else f"{name} ({number + 1})"
    return names


def _varied(likes: Sequence[Trait]) -> list[str]:
    """Return the names of traits, the third of a kind and repeated names after the others."""
    first: list[str] = []
    rest: list[str] = []
    kinds: list[str] = []
    words: set[str] = set()
    for one in likes:
        late = kinds.count(one.kind) >= _PER_KIND or one.name.casefold() in words
        (rest if late else first).append(one.name)
        kinds.append(one.kind)
        words.add(one.name.casefold())
    return [*first, *(name for name in rest if name not in first)]


def _shares(labels: Labels, kind: Traits, likes: Likes, n_segments: int) -> _Shares:
    """Return shares and p-values of one kind."""
    known = kind.known[likes.movie]
    user, movie = likes.user[known], likes.movie[known]
    n_likes = np.bincount(user, minlength=likes.n_users).astype(np.float64)
    amounts = _amounts(user, kind.values, movie, likes.n_users)
    total, total_likes = amounts.sum(axis=0), n_likes.sum()
    # a share is never 0 or 1
    prior = (total + 0.5) / (total_likes + 1)
    k, t = n_segments, amounts.shape[1]
    own, others = np.empty((k, t)), np.empty((k, t))
    p_values, users = np.ones((k, t)), np.zeros((k, t), np.int64)
    for segment in range(k):
        mine = labels == segment
        sides = []
        for side in (mine, ~mine):
            by_movie = np.bincount(movie[side[user]], minlength=len(kind.values))
            sides.append(_side(amounts[side], n_likes[side], kind.values, by_movie, prior))
        (own[segment], a, users_a), (others[segment], b, users_b) = sides
        gap = _logit(own[segment]) - _logit(others[segment])
        spread = np.sqrt(a + b)
        z = np.abs(gap) / np.where(spread > 0, spread, np.inf)
        p_values[segment] = [math.erfc(one / math.sqrt(2)) for one in z]
        users[segment] = np.where(gap > 0, users_a, users_b)
    return _Shares(own, others, p_values, users, total > 0)


def _side(
    amounts: Floats, n_likes: Floats, values: Singles, by_movie: Ints, prior: Floats
) -> tuple[Floats, Floats, Ints]:
    """Return the shares [t] of some users, the variances of their log-odds, and who has the trait.

    `amounts` [users, t] and `n_likes` [users] are sums of each user's likes, `by_movie` [movies]
    counts those of each movie. A share is mixed with that of all users, as of `_PRIOR_LIKES` likes.
    """
    size = n_likes.sum() + _PRIOR_LIKES
    share = (amounts.sum(axis=0) + _PRIOR_LIKES * prior) / size
    squares = np.einsum("ut,ut->t", amounts, amounts)
    between_users = squares - 2 * share * (n_likes @ amounts) + share**2 * (n_likes @ n_likes)
    rated = np.flatnonzero(by_movie)
    likes, own = by_movie[rated].astype(np.float64), values[rated].astype(np.float64)
    between_movies, between_likes = (
        weight @ own**2 - 2 * share * (weight @ own) + share**2 * weight.sum()
        for weight in (likes**2, likes)
    )
    both = np.maximum.reduce(
        [between_users + between_movies - between_likes, between_users, between_movies]
    )
    variance = both / size**2 + share * (1 - share) * _PRIOR_LIKES / size**2
    return share, variance / (share * (1 - share)) ** 2, (amounts > 0).sum(axis=0)


def _amounts(user: Ints, values: Singles, movie: Ints, n_users: int) -> Floats:
    """Return the sum of the values of each user's likes, [users, t]; likes are sorted by user."""
    sums = np.zeros((n_users, values.shape[1]))
    rows = max(1, _CELLS_PER_BLOCK // max(1, values.shape[1]))
    for start in range(0, len(user), rows):
        some = slice(start, start + rows)
        first = np.flatnonzero(np.diff(user[some], prepend=-1))
        if len(first):
            of = user[some][first]
            sums[of] += np.add.reduceat(values[movie[some]], first, axis=0, dtype=np.float64)
    return sums


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log(share) - np.log1p(-share))


def accepted_p_value(p_values: Floats, *, rate: float) -> float:
    """Return the largest p-value that Benjamini and Hochberg's procedure accepts, −1 if none.

    >>> accepted_p_value(np.array([0.001, 0.04, 0.02, 0.9]), rate=0.05)
    0.02
    """
    ordered = np.sort(p_values)
    accepted = ordered <= rate * np.arange(1, len(ordered) + 1) / len(ordered)
    return float(ordered[accepted].max()) if accepted.any() else -1.0
