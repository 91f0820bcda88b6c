"""Exact top-k lists of EASE, made in Spark's Python workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from movierec.data.arrays import Ints, collect_arrays
from movierec.data.columns import MOVIE_ID, MOVIES, RATING, USER_ID, WEIGHTS
from movierec.data.schemas import EASE_WEIGHTS, RECOMMENDATIONS, ddl
from movierec.models.ease import Ease, EaseParams, Singles, ease_values
from movierec.ranking.recommend import list_rows, pairs_of
from movierec.ranking.topk import Lists, rank_order, ranks_within

_USERS_PER_BLOCK = 256
_MOVIES_PER_TASK = 512
_RATED = "rated"
_KEPT = "kept"


@dataclass(frozen=True)
class Shared:
    """What every worker gets of a model of m movies."""

    ease: Ease
    listed: npt.NDArray[np.bool_]
    """[m]: whether the movie may be in a list."""
    outside: npt.NDArray[np.int32]
    """Those of `Ease.outside` that may."""
    places: dict[int, int]
    """The place of each of these."""
    relevant_rating: float


def share(
    spark: SparkSession, ease: Ease, *, relevant_rating: float, listed: DataFrame | None = None
) -> Broadcast[Shared]:
    """Return the model for the workers, to destroy after use; each holds a copy of it.

    `listed` holds the movie_id of every movie that may be in a list; None: all may.
    """
    may, outside = np.ones(len(ease.movie_ids), bool), ease.outside
    if listed is not None:
        ids = collect_arrays(listed.select(MOVIE_ID))[MOVIE_ID]
        may, outside = np.isin(ease.movie_ids, ids), outside[np.isin(outside, ids)]
    places = {movie: place for place, movie in enumerate(outside.tolist())}
    return spark.sparkContext.broadcast(Shared(ease, may, outside, places, relevant_rating))


def weights_frame(spark: SparkSession, shared: Broadcast[Shared]) -> DataFrame:
    """Return movie_id and weights of each rated movie, written by the workers: see `read_ease`."""

    def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        ease = shared.value.ease
        for batch in batches:
            for start in batch.column(0).to_pylist():
                some = slice(start, start + _MOVIES_PER_TASK)
                weights = pa.array(list(ease.weights[some]), pa.list_(pa.float32()))
                ids = pa.array(ease.movie_ids[some], pa.int32())
                yield pa.RecordBatch.from_arrays([ids, weights], EASE_WEIGHTS.fieldNames())

    n = len(shared.value.ease.movie_ids)
    starts = spark.range(0, n, _MOVIES_PER_TASK, numPartitions=-(-n // _MOVIES_PER_TASK))
    return starts.mapInArrow(rows, ddl(EASE_WEIGHTS))


def read_ease(frame: DataFrame, params: EaseParams) -> Ease:
    """Return the model of a frame that `weights_frame` made, which knows of no movie outside."""
    arrays = collect_arrays(frame)
    ids = arrays[MOVIE_ID]
    order = np.argsort(ids)
    weights = arrays[WEIGHTS].reshape(len(ids), -1)[order]
    return Ease(ids[order], weights, params, outside=np.empty(0, np.int32))


def rated_movies(ratings: DataFrame) -> DataFrame:
    """Return user_id and rated: the movies and stars of each user, by rising movie."""
    rated = F.sort_array(F.collect_list(F.struct(MOVIE_ID, RATING))).alias(_RATED)
    return ratings.groupBy(USER_ID).agg(rated)


def users_with_list(ratings: DataFrame, *, ease: Ease, relevant_rating: float) -> DataFrame:
    """Return the user_id of every user of the ratings who gets a list of `recommend_by_ease`."""
    ids = [(one,) for one in ease.movie_ids.tolist()]
    known = ratings.sparkSession.createDataFrame(ids, f"{MOVIE_ID} int")
    if ease.params.feedback == "liked":
        # the other kinds give every rating a value
        ratings = ratings.where(F.col(RATING) >= relevant_rating)
    return ratings.join(F.broadcast(known), MOVIE_ID, "left_semi").select(USER_ID).distinct()


def recommend_by_ease(
    rated: DataFrame,
    *,
    shared: Broadcast[Shared],
    k: int,
    candidates: DataFrame | None = None,
    keep_only: DataFrame | None = None,
) -> DataFrame:
    """Return the k best movies of each user of `rated_movies`: those not rated, or `candidates`.

    Candidates and `keep_only` are `movie_lists`, the latter as in `recommend`. A user whose ratings
    have no value for a known movie has no list. Scores are sums in single precision by rising
    movie, so the partitions do not change them; of equal scores the lower movie id comes first.
    Movies outside the model come after all others, the most rated first, with a null score. A list
    is shorter than k where there are fewer movies.
    """
    filtered = keep_only is not None
    columns = [USER_ID, _RATED]
    for name, lists, how in ((MOVIES, candidates, "left"), (_KEPT, keep_only, "inner")):
        if lists is not None:
            rated = rated.join(lists.select(USER_ID, F.col(MOVIES).alias(name)), USER_ID, how)
            columns.append(name)

    def lists_of(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for start in range(0, batch.num_rows, _USERS_PER_BLOCK):
                part = batch.slice(start, _USERS_PER_BLOCK)
                made = _lists(part, shared.value, k)
                if filtered:
                    made = made.keep_only(*pairs_of(part.column(_KEPT)))
                yield list_rows(part.column(0).to_numpy().astype(np.int32), made)

    return rated.select(*columns).mapInArrow(lists_of, ddl(RECOMMENDATIONS))


def _lists(part: pa.RecordBatch, shared: Shared, k: int) -> Lists:
    rated = part.column(_RATED)
    rows = np.repeat(np.arange(len(rated)), pc.list_value_length(rated).to_numpy())
    pairs = rated.flatten()
    ease = shared.ease
    at, known = ease.locate(pairs.field(0).to_numpy())
    rows, at, stars = rows[known], at[known], pairs.field(1).to_numpy()[known]
    values = ease_values(
        stars, feedback=ease.params.feedback, relevant_rating=shared.relevant_rating
    ).astype(np.float32)
    shape = (len(rated), len(ease.movie_ids))
    scores = csr_matrix((values, (rows, at)), shape=shape) @ ease.weights
    candidates = np.zeros(shape, bool)
    if MOVIES in part.schema.names:
        of_user, movie_ids = pairs_of(part.column(MOVIES))
        positions, known = ease.locate(movie_ids)
        candidates[of_user[known], positions[known]] = True
        candidates &= shared.listed
    else:
        candidates[:] = shared.listed
        candidates[rows, at] = False
    has_list = np.bincount(rows[values != 0], minlength=len(rated)) > 0
    candidates[~has_list] = False
    scores[~candidates] = -np.inf
    best = _best(scores, ease.movie_ids, k)
    n_listed = np.bincount(best.rows, minlength=len(rated))
    return _extended(best, np.flatnonzero(has_list & (n_listed < k)), part, shared, k)


def _extended(lists: Lists, short: Ints, part: pa.RecordBatch, shared: Shared, k: int) -> Lists:
    """Return the lists, those of the short rows followed by movies outside the model."""
    n_listed = np.bincount(lists.rows, minlength=part.num_rows)
    more = []
    for row in short.tolist():
        n = int(n_listed[row])
        if MOVIES in part.schema.names:
            own = part.column(MOVIES)[row].as_py() or []
            places = sorted(shared.places[one] for one in own if one in shared.places)
        else:
            rated = part.column(_RATED)[row].values.field(0).to_pylist()
            seen = {shared.places[one] for one in rated if one in shared.places}
            most = min(len(shared.outside), k - n + len(seen))
            places = [place for place in range(most) if place not in seen]
        more += [(row, place, rank) for rank, place in enumerate(places[: k - n], start=n + 1)]
    if not more:
        return lists
    rows, at, ranks = np.array(more).T
    scores = np.full(len(rows), np.nan)
    added = Lists(rows, shared.outside[at], scores, ranks.astype(np.int32))
    return lists.with_entries_of(added)


def _best(scores: Singles, movie_ids: npt.NDArray[np.int32], k: int) -> Lists:
    """Return the k largest finite scores [users, m] of each row."""
    k = min(k, scores.shape[1])
    least = np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k]
    # flatnonzero: numpy takes ten times as long in two dimensions
    places = np.flatnonzero((scores >= least[:, None]) & (scores > -np.inf))
    rows, positions = np.divmod(places, scores.shape[1])
    found = scores.ravel()[places].astype(np.float64)
    order = rank_order(rows, found, positions, n_rows=len(scores))
    ranks = ranks_within(rows[order], n_rows=len(scores))
    kept = order[ranks <= k]
    return Lists(
        rows[kept], movie_ids[positions[kept]], found[kept], ranks[ranks <= k].astype(np.int32)
    )
