"""What the report says in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from movierec_report.model_charts import label, largest

Facts = Mapping[str, Any]


def verdict(summary: Facts, *, metric: str) -> str:
    """Return whether ALS is better than popularity on test, in one sentence."""
    one = summary["comparison"]["als_vs_popularity"]["test"][metric]
    als, popularity = (summary["models"][m]["test"][metric] for m in ("als", "popularity"))
    low, high = one["ci95"]
    name = label(metric)
    numbers = f"{als:.3f} against {popularity:.3f} {name} on test"
    interval = f"95 % interval {low:+.3f} to {high:+.3f}, {p_value(one['p_value'])}"
    if low > 0:
        more = f", {100 * (als / popularity - 1):.0f} % more" if popularity else ""
        return (
            f"ALS is better than popularity, and the difference is real: {numbers}{more} "
            f"({interval})."
        )
    if high < 0:
        return f"ALS is worse than popularity, and the difference is real: {numbers} ({interval})."
    return (
        f"Whether ALS is better than popularity is not decided: {numbers}, "
        f"a difference that may be chance ({interval})."
    )


def cautions(summary: Facts) -> list[str]:
    """Return what to know before comparing the numbers with others, or the models."""
    found = []
    protocol, users = summary["protocol"], summary["users"]["test"]
    if protocol["candidates"] != "unseen":
        found.append(f"The candidates are {protocol['candidates_are']}.")
    if users["evaluated_but_cold"]:
        found.append(
            f"{users['evaluated_but_cold']:,} of the {users['evaluated']:,} users in test are "
            "cold: they have no rating that ALS could learn from, so it has no list for them and "
            "scores 0. Popularity needs none."
        )
    return found


def twins_verdict(twins: Facts) -> str:
    """Return whether twins agree more than random pairs and strangers do, in a sentence or two."""
    pearson, strangers = twins["pearson"], twins["strangers"]
    if pearson["twins"]["mean"] is None or pearson["random"]["mean"] is None:
        return "Too few pairs have enough ratings in common to tell whether twins agree."
    # two-sided: what is real may be less
    if pearson["p_value"] >= 0.05:
        real = "do not agree measurably more"
    elif pearson["twins"]["mean"] > pearson["random"]["mean"]:
        real = "agree more"
    else:
        real = "agree less"
    first = (
        f"The ratings of twins {real} than those of random pairs: mean correlation "
        f"{pearson['twins']['mean']:.2f} against {pearson['random']['mean']:.2f} "
        f"({p_value(pearson['p_value'])})."
    )
    if strangers["strangers_mean"] is None:
        return first
    if strangers["twins_mean"] <= strangers["strangers_mean"]:
        beyond = "twins agree no more than that"
    elif strangers["p_value"] < 0.05:
        beyond = "twins agree more than that"
    else:
        beyond = "what twins have beyond that may be chance"
    return (
        f"{first} Strangers who rated the same movies would agree by "
        f"{strangers['strangers_mean']:.2f}, as some movies are better than others; {beyond} "
        f"({p_value(strangers['p_value'])})."
    )


def ties(twins: Facts) -> str:
    """Return how many pairs are as alike as the last one in the list."""
    if twins["tied_at_cut"] < 2:
        return "No pair outside the list is as alike as the last one in it."
    return (
        f"{twins['tied_at_cut']} pairs are as alike as the last one in the list, which holds "
        f"{twins['tied_at_cut_and_listed']} of them."
    )


def duplicates(twins: Facts) -> str:
    """Return how many pairs look like one person, and where in the list they stand."""
    ranks = twins["duplicates"]["ranks"]
    if not ranks:
        return "No pair looks like one person with two accounts."
    stands = ", ".join(map(str, ranks))
    return f"Pairs that look like one person with two accounts: {len(ranks)} (rank {stands})."


def top_is_flat(facts: Facts, *, metric: str) -> str:
    """Return how many configurations come close to the winner."""
    trials = [trial for trial in largest(facts["trials"]) if trial["feedback"] is not None]
    if not trials:
        return ""
    most = max(trial["user_fraction"] for trial in trials)
    full = [trial[metric] for trial in trials if trial["user_fraction"] == most]
    near = sum(value >= 0.98 * max(full) for value in full)
    share = "all users" if most == 1 else f"{100 * most:g} % of the users"
    return (
        f"{near} of the {len(full)} configurations tried on {share} come within 2 % of the best "
        f"{label(metric)} on validation, {max(full):.4f}."
    )


def p_value(value: float) -> str:
    """Return a p-value as people write it.

    >>> p_value(0.0009995), p_value(0.5), p_value(0.0001)
    ('p = 0.001', 'p = 0.500', 'p < 0.001')
    """
    return f"p = {value:.3f}" if value >= 0.0005 else "p < 0.001"
