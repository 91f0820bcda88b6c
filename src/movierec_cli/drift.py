"""`movierec segments-drift`: how the segments of two finished runs differ.

Reads with PyArrow and starts no Spark.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from movierec.config.arguments import add_session_arguments
from movierec.data import datasets
from movierec.data.columns import NAME, SEGMENT, USER_ID
from movierec.data.rounding import DIGITS
from movierec.pipeline import dag
from movierec.pipeline.cli import open_session, print_summary, run_guarded
from movierec.pipeline.workspace import Result
from movierec.segments.drift import LARGE_SHIFT, SMALL_SHIFT, Drift, measure_drift
from movierec.spark.session import Session
from movierec_cli.ask import read_table
from movierec_cli.compare import execution_of


def main(argv: Sequence[str] | None = None) -> int:
    """Print the stability index of the sizes, and where the users of A are in B."""
    parser = argparse.ArgumentParser(
        prog="segments-drift", allow_abbrev=False, description=(__doc__ or "").splitlines()[0]
    )
    what = "CONF[+KEY=VALUE…], such as small or small+partition.train=0.5"
    parser.add_argument("a", metavar="A", help=what)
    parser.add_argument("b", metavar="B", help="the same")
    parser.add_argument("--archive", metavar="PATH", help="of both, in place of the one in conf")
    add_session_arguments(parser)
    arguments = parser.parse_args(argv)

    def body(session: Session) -> None:
        results = [
            execution_of(text, session, archive=arguments.archive).require(dag.SEGMENTS)
            for text in (arguments.a, arguments.b)
        ]
        members = [_members(result) for result in results]
        names = [_names(result) for result in results]
        drift = drift_of(*members, counts=(len(names[0]), len(names[1])))
        print(table(drift, *names))
        found = {
            "a": arguments.a,
            "b": arguments.b,
            "psi": round(drift.psi, DIGITS),
            "matched": [int(one) + 1 if one >= 0 else None for one in drift.matched],
            "transition": drift.transition.tolist(),
        }
        print_summary("segments-drift", found)

    return run_guarded("segments-drift", body, open_session("segments-drift", arguments))


def _members(result: Result) -> dict[int, int | None]:
    found = read_table(result, datasets.SEGMENT_MEMBERS.path, columns=[USER_ID, SEGMENT])
    return dict(zip(found[USER_ID].to_pylist(), found[SEGMENT].to_pylist(), strict=True))


def _names(result: Result) -> list[str]:
    rows = read_table(result, datasets.SEGMENT_PROFILES.path).sort_by(SEGMENT).to_pylist()
    return [row[NAME] for row in rows]


def drift_of(
    one: Mapping[int, int | None], other: Mapping[int, int | None], *, counts: tuple[int, int]
) -> Drift:
    """Return the drift between the segments, from 1, of users; None is no segment."""

    def places(members: Mapping[int, int | None], users: Any, count: int) -> Any:
        return np.array([(members[user] or count + 1) - 1 for user in users], np.int64)

    both = sorted(one.keys() & other.keys())
    sizes = [
        np.bincount(places(members, members, count), minlength=count + 1)
        for members, count in zip((one, other), counts, strict=True)
    ]
    common = (places(one, both, counts[0]), places(other, both, counts[1]))
    return measure_drift(*sizes, common=common)


def table(drift: Drift, one: Sequence[str], other: Sequence[str]) -> str:
    """Return the drift as text for a terminal.

    >>> from movierec.segments.drift import measure_drift
    >>> import numpy as np
    >>> drift = measure_drift(np.array([3, 1, 0]), np.array([2, 2, 0]),
    ...     common=(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 0])))
    >>> print(table(drift, ["Drama", "1980s"], ["1980s", "Drama"]))
    PSI of the sizes: 0.275: much has changed
    users of A (rows) in B (columns)   1   2   none
      1 Drama → 2                      1   2      0
      2 1980s → 1                      1   0      0
      none                             0   0      0
    B: 1 1980s; 2 Drama
    """
    verdict = (
        "nothing has changed"
        if drift.psi < SMALL_SHIFT
        else "something has changed"
        if drift.psi < LARGE_SHIFT
        else "much has changed"
    )
    matched = [f" → {at + 1}" if at >= 0 else " → none" for at in drift.matched]
    labels = [f"  {n} {name}{to}" for n, (name, to) in enumerate(zip(one, matched, strict=True), 1)]
    head = "users of A (rows) in B (columns)"
    width = max(map(len, [head, *labels])) + 1
    heads = [*map(str, range(1, len(other) + 1)), "  none"]
    wide = [
        max(len(text), len(str(most)))
        for text, most in zip(heads, drift.transition.max(axis=0), strict=True)
    ]
    rows = [
        f"{label:<{width}}" + "".join(f"  {n:>{w}}" for n, w in zip(row, wide, strict=True))
        for label, row in zip(
            [head, *labels, "  none"], [heads, *drift.transition.tolist()], strict=True
        )
    ]
    named = "; ".join(f"{n} {name}" for n, name in enumerate(other, 1))
    return "\n".join([f"PSI of the sizes: {drift.psi:.3f}: {verdict}", *rows, f"B: {named}"])
