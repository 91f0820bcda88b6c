"""The results of `find_twins` for readers: its section of summary.json, and twins.csv."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from movierec.config.twins import TwinsConfig
from movierec.data.arrays import Floats
from movierec.data.rounding import DIGITS
from movierec.twins.analysis import TITLES_PER_PAIR, TwinAnalysis
from movierec.twins.movie_sets import Population
from movierec.twins.pair_groups import GroupAgreement
from movierec.twins.pair_statistics import PairValues
from movierec.twins.top_pairs import TopPairs

_CSV_COLUMNS: Final = (
    *["rank", "user_a", "user_b", "jaccard", "common", "union", "correlation", "duplicate"],
    *(f"title_{n}" for n in range(1, TITLES_PER_PAIR + 1)),
)


def twins_summary(
    analysis: TwinAnalysis,
    *,
    population: Population,
    rounds: Sequence[dict[str, Any]],
    recall: dict[str, Any],
    config: TwinsConfig,
) -> dict[str, Any]:
    """Return the `twins` section of the summary."""
    twins = analysis.twins
    top = twins.groups.top
    pearson = twins.correlations("pearson", config=config)
    return {
        "pairs": len(top.pairs),
        "method": config.method,
        "min_movies": config.min_movies,
        **vars(population),
        **_jaccards(top),
        "tied_at_cut": top.tied_at_cut,
        "tied_at_cut_and_listed": top.tied_and_listed,
        **recall,
        "mean_correlation": pearson["twins"]["mean"],
        "random_mean_correlation": pearson["random"]["mean"],
        "p_value": pearson["p_value"],
        "pearson": pearson,
        "spearman": twins.correlations("spearman", config=config),
        "strangers": analysis.strangers,
        "duplicates": _duplicates(twins, config=config),
        "curve": [
            {
                "min_movies": point.groups.min_movies,
                "users": point.groups.users,
                **_jaccards(point.groups.top),
                **point.correlations("pearson", config=config),
            }
            for point in analysis.curve
        ],
        "search": list(rounds),
    }


def _jaccards(top: TopPairs) -> dict[str, float | None]:
    jaccards = [round(pair.jaccard, DIGITS) for pair in top.pairs]
    return {"min_jaccard": min(jaccards, default=None), "max_jaccard": max(jaccards, default=None)}


def _duplicates(twins: GroupAgreement, *, config: TwinsConfig) -> dict[str, Any]:
    """Return the ranks of likely duplicate accounts, and the correlation of the other twins."""
    flagged = np.array(twins.duplicates(config.duplicates), bool)
    others = PairValues.defined(twins.twin_users()[~flagged], twins.twins.pearson[~flagged])
    described = {f"{name}_without": value for name, value in others.describe().items()}
    ranks = (np.flatnonzero(flagged) + 1).tolist()
    return {"pairs": len(ranks), "ranks": ranks, **described}


def twin_table(twins: dict[str, Any]) -> str:
    """Return a few lines about the twins and how their ratings correlate."""
    if not twins["pairs"]:
        return f"twins: no pair of {twins['users']} users is similar enough"
    lines = [
        f"twins: {twins['pairs']} pairs of {twins['users']} users, Jaccard "
        f"{twins['min_jaccard']:.3f} to {twins['max_jaccard']:.3f}, by {_search(twins)}; "
        f"{twins['duplicates']['pairs']} look like duplicate accounts"
    ]
    for group in ("twins", "random"):
        found = twins["pearson"][group]
        lines.append(
            f"  {group:<9} mean correlation {_mean(found)}, "
            f"defined for {found['defined']} of {found['pairs']} pairs"
        )
    strangers = twins["strangers"]
    if strangers["p_value"] is not None:
        low, high = strangers["lead_ci95"]
        lines.append(
            f"  strangers mean correlation {strangers['strangers_mean']:+.3f} on the same movies; "
            f"the twins' lead is {strangers['lead']:+.3f} [{low:+.3f}, {high:+.3f}]"
        )
    tests = {"random pairs": twins["p_value"], "strangers": strangers["p_value"]}
    known = (f"{name} {p_value:.3f}" for name, p_value in tests.items() if p_value is not None)
    shown = ", ".join(known) or "nothing: too few correlations are defined, or all are equal"
    lines.append(f"  p-value against {shown}")
    return "\n".join(lines)


def _search(twins: dict[str, Any]) -> str:
    """Return the name of the search that found the twins, and its recall."""
    if twins["method"] == "exact":
        return "exact search"
    if twins["lsh_recall"] is None:
        return "LSH, recall unknown: no true pair has different movies"
    found = f"{twins['lsh_recall']:.1%} of the true pairs with different movies"
    return f"LSH, which found {found} (on {twins['proof_users']} users)"


def _mean(found: dict[str, Any]) -> str:
    if found["mean"] is None:
        return "undefined"
    ends = found["mean_ci95"]
    interval = "" if ends is None else f" [{ends[0]:+.3f}, {ends[1]:+.3f}]"
    return f"{found['mean']:+.3f}{interval}"


def twin_rows(analysis: TwinAnalysis, *, config: TwinsConfig) -> list[tuple[Any, ...]]:
    """Return the rows of the dataset `twins`."""
    twins, found = analysis.twins, analysis.twins.twins
    numbers = map(_rounded_or_none, (found.pearson, found.spearman, found.equal))
    duplicates = twins.duplicates(config.duplicates)
    rows = zip(twins.groups.top.pairs, *numbers, duplicates, analysis.titles, strict=True)
    return [(rank, *pair, *rest) for rank, (pair, *rest) in enumerate(rows, start=1)]


def random_pair_rows(analysis: TwinAnalysis) -> list[tuple[Any, ...]]:
    """Return the rows of the dataset `random_pairs`."""
    found, pairs = analysis.twins.random, analysis.twins.groups.random
    numbers = map(_rounded_or_none, (found.pearson, found.spearman))
    rows = zip(pairs, found.common.tolist(), *numbers, strict=True)
    return [(*pair, *rest) for pair, *rest in rows]


def _rounded_or_none(values: Floats) -> list[float | None]:
    return [None if math.isnan(value) else round(value, DIGITS) for value in values.tolist()]


def twins_csv(rows: Sequence[tuple[Any, ...]]) -> str:
    """Return the `twin_rows` as the text of twins.csv; an undefined correlation is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for rank, user_a, user_b, jaccard, common, union, correlation, _, _, duplicate, titles in rows:
        flag, missing = str(duplicate).lower(), TITLES_PER_PAIR - len(titles)
        cells = [rank, user_a, user_b, round(jaccard, DIGITS), common, union, correlation, flag]
        writer.writerow([*cells, *titles, *[""] * missing])
    return text.getvalue()
