"""The segments for readers: their section of summary.json, segments.csv, lines for a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from movierec.data import columns as c
from movierec.data.rounding import DIGITS, rounded
from movierec.segments.profiles import DOUBTFUL
from movierec.segments.selection import Size
from movierec.segments.stability import STABLE_JACCARD
from movierec.segments.traits import Trait
from movierec.segments.worth import Worth

NOT_STABLE: Final = "no stable segmentation was found"
SMALL_SHARE: Final = 0.01
_CSV: Final = (
    *(c.SEGMENT, c.NAME, c.N_USERS, c.USER_SHARE, c.MEDIAN_RATINGS, c.MEAN_RATING),
    *(c.RATING_SHARE, c.STABILITY, c.TRUST, c.LIKES_MORE, c.LIKES_LESS, c.TITLES),
)
_NOTE: Final = "note"


def cautions(
    profiles: Sequence[Mapping[str, Any]], *, stable: bool, median_ari: float, min_ari: float
) -> list[str]:
    """Return what every output of the segments must say."""
    found = []
    if not stable:
        found.append(
            f"{NOT_STABLE}: two resamples agree by {median_ari:.2f} (median adjusted Rand index), a"
            f" stable one by {min_ari:g}, with no segment below {STABLE_JACCARD}; another sample "
            "of users, or another seed, would give other segments"
        )
    doubtful = [row[c.SEGMENT] for row in profiles if row[c.TRUST] == DOUBTFUL]
    if doubtful:
        found.append(f"do not trust {_named(doubtful)}: most resamples have nothing like it")
    small = [row[c.SEGMENT] for row in profiles if row[c.USER_SHARE] < SMALL_SHARE]
    if small:
        found.append(f"less than {SMALL_SHARE:.0%} of the users are in {_named(small)}")
    return found


def segments_summary(
    sizes: Sequence[Size],
    *,
    chosen: Size,
    stable: bool,
    profiles: Sequence[Mapping[str, Any]],
    unassigned: int,
    traits: Sequence[Trait],
    worth: Worth,
    warnings: Sequence[str],
) -> dict[str, Any]:
    """Return the section `segments` of the summary, to which `evaluate` adds what lists gain."""
    checked = [one for one in traits if one.held is not None]
    held = sum(bool(one.held) for one in checked)
    return {
        "count": len(profiles),
        "stable": stable,
        "warnings": list(warnings),
        "names": [row[c.NAME] for row in profiles],
        "sizes": [row[c.N_USERS] for row in profiles],
        "unassigned": unassigned,
        "median_ari": round(chosen.median_ari, DIGITS),
        "jaccard": [row[c.STABILITY] for row in profiles],
        "trust": [row[c.TRUST] for row in profiles],
        "tried": [
            {
                "count": one.k,
                "median_ari": round(one.median_ari, DIGITS),
                "least_jaccard": round(one.least_jaccard, DIGITS),
                "ndcg": round(one.ndcg, DIGITS),
            }
            for one in sizes
        ],
        "sample_lift": worth.lift,
        "rival": worth.rival,
        "traits": len(traits),
        "traits_checked": len(checked),
        "traits_held": round(held / len(checked), DIGITS) if checked else None,
    }


def trait_rows(traits: Sequence[Trait]) -> list[tuple[Any, ...]]:
    """Return the rows of the dataset `traits`."""
    return [
        (
            one.segment + 1,
            one.kind,
            one.name,
            *rounded((one.share, one.others_share, one.lift)),
            one.p_value,
            None if one.held_out_lift is None else round(one.held_out_lift, DIGITS),
            one.held,
        )
        for one in traits
    ]


def segments_csv(profiles: Sequence[Mapping[str, Any]], *, warnings: Sequence[str]) -> str:
    """Return the profiles as the text of segments.csv; lists are separated by `|`.

    The last column, note, has the warnings, in every row.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_CSV, _NOTE])
    for row in profiles:
        cells = ("|".join(row[name]) if isinstance(row[name], list) else row[name] for name in _CSV)
        writer.writerow([*cells, "; ".join(warnings)])
    return text.getvalue()


def segments_table(found: Mapping[str, Any]) -> str:
    """Return a few lines about the segments for a terminal."""
    total = sum(found["sizes"]) + found["unassigned"]
    lines = [f"segments: {found['count']}, median adjusted Rand index {found['median_ari']:.2f}"]
    lift = found.get("lift", {}).get("test")
    if lift and lift["ratio"] is not None:
        low, high = lift["ci95"]
        lines[0] += (
            f"; NDCG on test {lift['ratio']:.2f} times popularity's [{low:.2f}, {high:.2f}], with "
            f"random segments {lift['shuffled_p99']:.2f}"
        )
    columns = zip(found["sizes"], found["jaccard"], found["trust"], found["names"], strict=True)
    for number, (size, jaccard, trusted, name) in enumerate(columns, start=1):
        share = f"{size / max(1, total):.0%}"
        lines.append(f"  {number:>2}  {size:>9,} {share:>4}  {jaccard:.2f} {trusted:<13} {name}")
    if found["unassigned"]:
        lines.append(f"  without a segment: {found['unassigned']:,}, who like nothing")
    return "\n".join([*lines, *(f"  warning: {one}" for one in found["warnings"])])


def _named(numbers: Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers))
    return f"segment {listed}" if len(numbers) == 1 else f"segments {listed}"
