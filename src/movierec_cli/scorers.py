"""The delivered model without Spark: scores for anybody's ratings, and what each rating adds."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from movierec.config.schema import Config
from movierec.errors import InputError
from movierec.models.ease import ease_values
from movierec.models.fold_in import Floats, FoldIn, feedback_values
from movierec.models.names import ALS, EASE

Ints = npt.NDArray[np.int64]
Rated = dict[int, float]
"""Stars by movie id."""
_REASONS = 2
"""The ratings that are named for each movie."""


class Listed(NamedTuple):
    """A list, best first."""

    movie_ids: Ints
    scores: Floats
    source: str


class Scorer(Protocol):
    """A model that scores movies."""

    name: str
    ids: Ints
    """Of the movies that it scores, rising."""

    def scores(self, rated: Rated) -> Floats | None:
        """Return a score for each of `ids`; None if no rating says anything to the model."""

    def shares(self, rated: Rated, movie_ids: Ints) -> tuple[Ints, Floats]:
        """Return the n rated movies that it knows, and what each adds to m scores, [m, n]."""


class AlsScorer:
    """ALS: somebody with ratings is folded in."""

    name = ALS

    def __init__(self, movies: pa.Table, params: dict[str, Any], config: Config) -> None:
        self.ids, matrix = ids_and_vectors(movies)
        self._fold_in = FoldIn(matrix, reg_param=params["reg_param"], alpha=params["alpha"])
        self._feedback = params["feedback"]
        self._config = config

    def factors(self, rated: Rated) -> Floats:
        """Return the factors of somebody with these ratings, zeros if none is a liked movie's."""
        _, values, positions = self._known(rated)
        return self._fold_in.equations(positions, values).solve()

    def scores(self, rated: Rated) -> Floats | None:
        """See Scorer."""
        factors = self.factors(rated)
        return self._fold_in.movies @ factors if factors.any() else None

    def shares(self, rated: Rated, movie_ids: Ints) -> tuple[Ints, Floats]:
        """See Scorer; by equation 7 of Hu, Koren and Volinsky."""
        ids, values, positions = self._known(rated)
        movies = self._fold_in.movies[np.searchsorted(self.ids, movie_ids)]
        return ids, self._fold_in.equations(positions, values).shares(movies)

    def _known(self, rated: Rated) -> tuple[Ints, Floats, Ints]:
        """Return the rated movies that have factors, the values of the ratings, the positions."""
        ids, stars = _known(rated, self.ids)
        values = feedback_values(
            stars,
            feedback=self._feedback,
            relevant_rating=self._config.evaluation.relevant_rating,
            pivot=self._config.tuning.pivot,
        )
        return ids, values, np.searchsorted(self.ids, ids)


class EaseScorer:
    """EASE: a score is the sum of the weights from the rated movies, times their values."""

    name = EASE

    def __init__(self, ids: Ints, rows: pa.Table, params: dict[str, Any], config: Config) -> None:
        """`ids` are all of the model's movies, `rows` the weights from those that are rated."""
        self.ids = ids
        self._rated_ids, self._weights = ids_and_vectors(rows, width=len(ids))
        self._feedback = params["feedback"]
        self._relevant_rating = config.evaluation.relevant_rating

    def scores(self, rated: Rated) -> Floats | None:
        """See Scorer."""
        _, shares = self.shares(rated, self.ids)
        return shares.sum(axis=1) if shares.size and self._values(rated)[1].any() else None

    def shares(self, rated: Rated, movie_ids: Ints) -> tuple[Ints, Floats]:
        """See Scorer; nothing is added to the score of a movie outside the model."""
        ids, values = self._values(rated)
        rows = self._weights[np.searchsorted(self._rated_ids, ids)]
        at = np.searchsorted(self.ids, movie_ids).clip(max=len(self.ids) - 1)
        known = self.ids[at] == movie_ids
        return ids, np.where(known[:, None], rows[:, at].T, 0.0) * values

    def _values(self, rated: Rated) -> tuple[Ints, Floats]:
        ids, stars = _known(rated, self._rated_ids)
        return ids, ease_values(
            stars, feedback=self._feedback, relevant_rating=self._relevant_rating
        )


def list_for(scorer: Scorer, rated: Rated, *, only: Any, top: int) -> Listed:
    """Return the best of the `only` movies for somebody with these ratings, without these.

    Movies outside the model are left out: the list may be shorter than `top`. Raises InputError if
    no rating is one that the model can go by.
    """
    scores = scorer.scores(rated)
    if scores is None:
        raise InputError(
            "the model has nothing to go by: none of these movies is both known to it and liked; "
            "rate some that you like"
        )
    open_ = np.isin(scorer.ids, [*only]) & ~np.isin(scorer.ids, [*rated])
    best = np.lexsort((scorer.ids, np.where(open_, -scores, np.inf)))[: min(top, open_.sum())]
    return Listed(scorer.ids[best], scores[best], scorer.name)


def reasons(scorer: Scorer, rated: Rated, listed: Listed) -> list[list[int]]:
    """Return the rated movies that add most to the score of each listed one, the most first."""
    if listed.source != scorer.name:
        return [[] for _ in listed.movie_ids]
    movies, shares = scorer.shares(rated, listed.movie_ids)
    order = np.argsort(-shares, axis=1, kind="stable")[:, :_REASONS]
    return [
        [int(movies[j]) for j in row if share[j] > 0]
        for row, share in zip(order, shares, strict=True)
    ]


def ids_and_vectors(table: pa.Table, *, width: int = -1) -> tuple[Ints, Floats]:
    """Return the ids of a table, rising, and the vectors beside them, of this width if given."""
    ids, vectors = (table.sort_by(table.column_names[0])[name] for name in table.column_names)
    matrix = vectors.combine_chunks().flatten().to_numpy()
    return ids.to_numpy().astype(np.int64), matrix.reshape(len(ids), width).astype(np.float64)


def _known(rated: Rated, ids: Ints) -> tuple[Ints, list[float]]:
    """Return the rated movies that are among the ids, rising, and their stars."""
    both = sorted(set(rated) & set(ids.tolist()))
    return np.array(both, dtype=np.int64), [rated[one] for one in both]
