"""`movierec ask`: what to watch next, for a user of the data or for anybody's own ratings.

Also the segment, if there are any. Reads results with PyArrow and starts no Spark.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from movierec.config.schema import Config
from movierec.config.uris import is_local, local_path
from movierec.data import datasets
from movierec.data.columns import (
    MOVIE_ID,
    NAME,
    RANK,
    RATING,
    SCORE,
    SEGMENT,
    SOURCE,
    TITLE,
    TRUST,
    USER_ID,
    USER_SHARE,
)
from movierec.errors import ConfigError, InputError
from movierec.models.fold_in import Floats, FoldIn, feedback_values
from movierec.models.names import ALS
from movierec.pipeline import dag
from movierec.pipeline.cli import print_summary, run_job
from movierec.pipeline.execution import Execution
from movierec.pipeline.workspace import Result
from movierec.segments.profiles import STABLE
from movierec.segments.space import assign
from movierec.segments.summary import NOT_STABLE
from movierec.tuning.search import Trial
from movierec_cli.own_ratings import read_ratings
from movierec_cli.titles import Titles

Ints = npt.NDArray[np.int64]
_REASONS: Final = 2
"""The ratings that are named for each movie."""


class Listed(NamedTuple):
    """A list, best first."""

    movie_ids: Ints
    scores: Floats
    source: str


def main(argv: Sequence[str] | None = None) -> int:
    """Print the next movies of a user in the data, or of the person who rated movies in a file."""

    def extend(parser: argparse.ArgumentParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--user", type=int, metavar="ID", help="a user in the data")
        who.add_argument(
            "--ratings",
            metavar="FILE.csv",
            help="anybody's ratings: a column movieId, or title (or Name and Year, as Letterboxd "
            "exports them), and a column rating or stars, from 0.5 to 5",
        )
        parser.add_argument("--top", type=int, default=10, help="movies (default: %(default)s)")
        parser.add_argument(
            "--skip-unknown", action="store_true", help="leave out lines whose movie is not found"
        )

    return run_job("ask", _ask, argv, extend=extend)


def _ask(execution: Execution, arguments: argparse.Namespace) -> None:
    config = execution.config
    if not 1 <= arguments.top <= config.evaluation.k:
        k = config.evaluation.k
        raise ConfigError([f"--top {arguments.top}: lists have 1 to {k} movies, by evaluation.k"])
    delivered, ingested = execution.require(dag.DELIVER), execution.require(dag.INGEST)
    catalogue = read_table(ingested, datasets.MOVIES.path, columns=[MOVIE_ID, TITLE])
    titles = dict(zip(*(catalogue[name].to_pylist() for name in (MOVIE_ID, TITLE)), strict=True))
    model = Model.of(
        read_table(delivered, f"{dag.ALS_MODEL}/itemFactors"),
        delivered.manifest.facts["params"],
        config,
    )
    if arguments.user is None:
        rated = read_ratings(
            arguments.ratings, Titles(titles.items()), skip_unknown=arguments.skip_unknown
        )
        listed = model.list_for(rated, only=titles.keys(), top=arguments.top)
    else:
        rated = _ratings_of(ingested, arguments.user)
        listed = _list_of(delivered, arguments.user, top=arguments.top)
    reasons = model.reasons(rated, listed)
    who = "you" if arguments.user is None else f"user {arguments.user}"
    if not delivered.manifest.facts["als_is_better"]:
        popular = "" if listed.source == ALS else ": this is popular"
        print(f"ALS was no better than popularity on validation{popular}", file=sys.stderr)
    elif listed.source != ALS:
        print(f"{who} has too few ratings, or no likes: this is popular", file=sys.stderr)
    print(_table(listed, reasons, titles, who=who))
    found: dict[str, Any] = {"source": listed.source, "movies": listed.movie_ids.tolist()}
    segments = execution.find(dag.SEGMENTS)
    if segments is not None:
        found["segment"] = (
            _segment_of_ratings(segments, execution.require(dag.TUNE), rated, config)
            if arguments.user is None
            else _segment_of_user(segments, arguments.user)
        )
        print(_describe_segment(segments, found["segment"], who=who))
    print_summary("ask", found)


class Model:
    """A fitted ALS: movie factors, and the parameters of the fit."""

    def __init__(self, ids: Ints, fold_in: FoldIn, *, params: dict[str, Any], config: Config):
        self._ids = ids
        self._fold_in = fold_in
        self._feedback = params["feedback"]
        self._config = config

    @classmethod
    def of(cls, movies: pa.Table, params: dict[str, Any], config: Config) -> Model:
        """Return the model of a table of movie ids and factors."""
        ids, matrix = _ids_and_factors(movies)
        fold_in = FoldIn(matrix, reg_param=params["reg_param"], alpha=params["alpha"])
        return cls(ids, fold_in, params=params, config=config)

    def factors(self, rated: dict[int, float]) -> Floats:
        """Return the factors of somebody with these ratings, zeros if none is a liked movie's."""
        _, values, positions = self._known(rated)
        return self._fold_in.equations(positions, values).solve()

    def list_for(self, rated: dict[int, float], *, only: Any, top: int) -> Listed:
        """Return the best of the `only` movies for somebody with these ratings, without these.

        Raises InputError if no rating is one that the model can go by.
        """
        _, values, positions = self._known(rated)
        equations = self._fold_in.equations(positions, values)
        if not equations.targets.any():
            raise InputError(
                "the model has nothing to go by: none of these movies is both in the data and "
                "liked; rate some that you like"
            )
        scores = self._fold_in.movies @ equations.solve()
        open_ = np.isin(self._ids, [*only]) & ~np.isin(self._ids, [*rated])
        best = np.lexsort((self._ids, np.where(open_, -scores, np.inf)))[: min(top, open_.sum())]
        return Listed(self._ids[best], scores[best], ALS)

    def reasons(self, rated: dict[int, float], listed: Listed) -> list[list[int]]:
        """Return the rated movies that add most to the score of each listed one, the most first."""
        if listed.source != ALS:
            return [[] for _ in listed.movie_ids]
        movies, values, positions = self._known(rated)
        at = np.searchsorted(self._ids, listed.movie_ids)
        shares = self._fold_in.equations(positions, values).shares(self._fold_in.movies[at])
        order = np.argsort(-shares, axis=1, kind="stable")[:, :_REASONS]
        return [
            [int(movies[j]) for j in row if share[j] > 0]
            for row, share in zip(order, shares, strict=True)
        ]

    def _known(self, rated: dict[int, float]) -> tuple[Ints, Floats, Ints]:
        """Return the rated movies that have factors, the values of the ratings, the positions."""
        ids = np.array(sorted(set(rated) & set(self._ids.tolist())), dtype=np.int64)
        config = self._config
        values = feedback_values(
            [rated[one] for one in ids.tolist()],
            feedback=self._feedback,
            relevant_rating=config.evaluation.relevant_rating,
            pivot=config.tuning.pivot,
        )
        return ids, values, np.searchsorted(self._ids, ids)


def _segment_of_ratings(
    segments: Result, tuned: Result, rated: dict[int, float], config: Config
) -> int | None:
    """Return the segment of somebody with these ratings; None if no movie is liked.

    By the factors of the fit that the segments are of: the delivered model is another fit, whose
    factors have other directions.
    """
    params = vars(Trial.params_of(tuned.manifest.facts["winners"][ALS]))
    movies = read_table(tuned, datasets.TUNED_MOVIE_FACTORS.at(model=ALS))
    own = Model.of(movies, params, config).factors(rated)
    _, towards = _ids_and_factors(read_table(segments, datasets.SEGMENT_CENTRES.path))
    found = int(assign(own[None, :], towards)[0])
    return found + 1 if found >= 0 else None


def _segment_of_user(segments: Result, user: int) -> int | None:
    mine = [(USER_ID, "=", user)]
    found = read_table(segments, datasets.SEGMENT_MEMBERS.path, filters=mine)
    segment: int | None = found[SEGMENT][0].as_py() if len(found) else None
    return segment


def _describe_segment(segments: Result, number: int | None, *, who: str) -> str:
    """Return the segment in a line, with what must be said of it."""
    rows = read_table(segments, datasets.SEGMENT_PROFILES.path).to_pylist()
    belong = "belong" if who == "you" else "belongs"
    if number is None:
        return f"{who} {belong} to no segment: nothing is known of what {who} liked"
    (row,) = (row for row in rows if row[SEGMENT] == number)
    share = f"{row[USER_SHARE]:.0%} of the users"
    cautions = [one for one in segments.manifest.warnings if NOT_STABLE in one]
    trust = "" if row[TRUST] == STABLE else f", {row[TRUST]}"
    note = f"; {NOT_STABLE}" if cautions else ""
    return f"{who} {belong} to segment {number} of {len(rows)}: {row[NAME]} ({share}{trust}{note})"


def _ids_and_factors(table: pa.Table) -> tuple[Ints, Floats]:
    """Return the ids of a table, rising, and the factors beside them."""
    ids, factors = (table.sort_by(table.column_names[0])[name] for name in table.column_names)
    matrix = factors.combine_chunks().flatten().to_numpy()
    return ids.to_numpy().astype(np.int64), matrix.reshape(len(ids), -1).astype(np.float64)


def _ratings_of(ingested: Result, user: int) -> dict[int, float]:
    mine = [(USER_ID, "=", user)]
    found = read_table(ingested, datasets.RATINGS.path, columns=[MOVIE_ID, RATING], filters=mine)
    if not len(found):
        users = read_table(ingested, datasets.RATINGS.path, columns=[USER_ID])[USER_ID].to_numpy()
        raise InputError(
            f"--user: there is no user {user}: their ids go from {users.min()} to {users.max()}"
        )
    return dict(zip(found[MOVIE_ID].to_pylist(), found[RATING].to_pylist(), strict=True))


def _list_of(delivered: Result, user: int, *, top: int) -> Listed:
    mine = [(USER_ID, "=", user), (RANK, "<=", top)]
    found = read_table(delivered, datasets.DELIVERED.path, filters=mine).sort_by(RANK)
    if not len(found):
        raise InputError(f"--user: user {user} has rated every movie")
    ids = found[MOVIE_ID].to_numpy().astype(np.int64)
    return Listed(ids, found[SCORE].to_numpy(), found[SOURCE][0].as_py())


def read_table(result: Result, name: str, **how: Any) -> pa.Table:
    """Read a directory of Parquet files of a local result."""
    if not is_local(result.path):
        raise InputError(
            f"{result.path}: ask reads results on this machine: run `make run` here, or give the "
            "lists to a program with `make lists`"
        )
    path = f"{local_path(result.path)}/{name}"
    try:
        return pq.read_table(path, **how)
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        stage = result.manifest.stage
        raise InputError(
            f"{path}: {str(error).splitlines()[0]}; make it again with `make {stage} FORCE=1`"
        ) from None


def _table(
    listed: Listed, reasons: Sequence[Sequence[int]], titles: dict[int, str], *, who: str
) -> str:
    names = [titles[one] for one in listed.movie_ids.tolist()]
    width = max(map(len, names), default=0)
    lines = []
    for rank, (name, score, because) in enumerate(
        zip(names, listed.scores, reasons, strict=True), 1
    ):
        liked = ", ".join(titles.get(one, f"movie {one}") for one in because)
        why = f"  because {who} liked {liked}" if liked else ""
        lines.append(f"{rank:>3}  {name:<{width}}  {score:>9.4f}{why}".rstrip())
    return "\n".join(lines)
