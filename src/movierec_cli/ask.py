"""`movierec ask`: what to watch next, for a user of the data or for anybody's own ratings.

Also the segment, if there are any. Reads results with PyArrow and starts no Spark.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
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
from movierec_cli.scorers import (
    AlsScorer,
    EaseScorer,
    Listed,
    Scorer,
    ids_and_vectors,
    list_for,
    reasons,
)
from movierec_cli.titles import Titles


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
    if arguments.user is None:
        rated = read_ratings(
            arguments.ratings, Titles(titles.items()), skip_unknown=arguments.skip_unknown
        )
        scorer = _scorer(delivered, rated, config)
        listed = list_for(scorer, rated, only=titles.keys(), top=arguments.top)
    else:
        rated = _ratings_of(ingested, arguments.user)
        scorer = _scorer(delivered, rated, config)
        listed = _list_of(delivered, arguments.user, top=arguments.top)
    who = "you" if arguments.user is None else f"user {arguments.user}"
    if not delivered.manifest.facts["beats_popularity"]:
        popular = "" if listed.source == scorer.name else ": this is popular"
        name = scorer.name.upper()
        print(f"{name} was no better than popularity on validation{popular}", file=sys.stderr)
    elif listed.source != scorer.name:
        print(f"{who} has too few ratings, or no likes: this is popular", file=sys.stderr)
    print(_table(listed, reasons(scorer, rated, listed), titles, who=who))
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


def _scorer(delivered: Result, rated: dict[int, float], config: Config) -> Scorer:
    """Return the delivered model, of EASE as much as these ratings need."""
    facts = delivered.manifest.facts
    if facts["model"] == ALS:
        movies = read_table(delivered, f"{dag.ALS_MODEL}/itemFactors")
        return AlsScorer(movies, facts["params"], config)
    path = datasets.EASE_WEIGHTS.path
    ids = read_table(delivered, path, columns=[MOVIE_ID])[MOVIE_ID].to_numpy()
    rows = read_table(delivered, path, filters=[(MOVIE_ID, "in", [*rated])])
    return EaseScorer(np.sort(ids.astype(np.int64)), rows, facts["params"], config)


def _segment_of_ratings(
    segments: Result, tuned: Result, rated: dict[int, float], config: Config
) -> int | None:
    """Return the segment of somebody with these ratings; None if no movie is liked.

    By the factors of the fit that the segments are of: the delivered model is another fit, whose
    factors have other directions.
    """
    params = vars(Trial.params_of(tuned.manifest.facts["winners"][ALS]))
    movies = read_table(tuned, datasets.TUNED_MOVIE_FACTORS.at(model=ALS))
    own = AlsScorer(movies, params, config).factors(rated)
    _, towards = ids_and_vectors(read_table(segments, datasets.SEGMENT_CENTRES.path))
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
    return Listed(ids, found[SCORE].to_numpy(zero_copy_only=False), found[SOURCE][0].as_py())


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
    listed: Listed, because: Sequence[Sequence[int]], titles: dict[int, str], *, who: str
) -> str:
    names = [titles[one] for one in listed.movie_ids.tolist()]
    width = max(map(len, names), default=0)
    lines = []
    for rank, (name, score, rated) in enumerate(zip(names, listed.scores, because, strict=True), 1):
        liked = ", ".join(titles.get(one, f"movie {one}") for one in rated)
        why = f"  because {who} liked {liked}" if liked else ""
        # a movie outside the model has no score
        shown = "" if math.isnan(score) else f"{score:.4f}"
        lines.append(f"{rank:>3}  {name:<{width}}  {shown:>9}{why}".rstrip())
    return "\n".join(lines)
