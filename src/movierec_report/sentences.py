"""The sentences of the report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from movierec_report.model_charts import largest_trials, metric_label

Facts = Mapping[str, Any]


def run_date(stages: Mapping[str, Facts]) -> str:
    """Return the day on which the last stage began; empty for facts without the time.

    >>> run_date({"ingest": {"begun": "2026-11-25T23:59:59Z"}, "tune": {"begun": None}})
    'Run on 25 November 2026 (UTC).'
    """
    begun = max((stage.get("begun") or "" for stage in stages.values()), default="")
    if not begun:
        return ""
    day = datetime.strptime(begun, "%Y-%m-%dT%H:%M:%SZ")
    return f"Run on {day.day} {day:%B %Y} (UTC)."


def metric_definitions(k: int) -> dict[str, str]:
    """Return what the columns of the table of results mean, by their names."""
    return {
        f"precision@{k}": f"the share of the {k} recommended movies that are relevant; low if most "
        "users have fewer relevant movies",
        f"MAP@{k}": "mean average precision: the precision at the place of each relevant movie, "
        "averaged; first places count most",
        f"NDCG@{k}": "how many relevant movies are in the list, and how high; 1 if all relevant "
        "movies come first",
        f"recall@{k}": "the share of a user's relevant movies that are in the list",
        "coverage": "the share of the candidate movies that at least one user gets recommended",
    }


def verdict(summary: Facts, *, metric: str) -> str:
    """Return whether ALS is better than popularity on test."""
    comparison = summary["comparison"]["als_vs_popularity"]["test"][metric]
    als, popularity = (summary["models"][m]["test"][metric] for m in ("als", "popularity"))
    low, high = comparison["ci95"]
    numbers = f"{metric_label(metric)} on test is {als:.3f} against {popularity:.3f}"
    evidence = (
        f"95 % interval of the difference {low:+.3f} to {high:+.3f}, "
        f"{format_p_value(comparison['p_value'])}"
    )
    if low <= 0 <= high:
        return (
            f"It is not clear whether ALS recommends better than popularity: {numbers}. "
            f"The difference may be chance ({evidence})."
        )
    if low > 0 and popularity:
        numbers += f", {100 * (als / popularity - 1):.0f} % higher"
    return (
        f"ALS recommends {'better' if low > 0 else 'worse'} than popularity: {numbers}. "
        f"The difference is statistically significant ({evidence})."
    )


def contender(summary: Facts, *, metric: str) -> str:
    """Return whether EASE is better than ALS on test."""
    comparison = summary["comparison"]["ease_vs_als"]["test"][metric]
    ease, als = (summary["models"][m]["test"][metric] for m in ("ease", "als"))
    low, high = comparison["ci95"]
    if low <= 0 <= high:
        found = "does not differ measurably from ALS"
    else:
        found = f"recommends {'better' if low > 0 else 'worse'} than ALS"
    return (
        f"EASE, a linear model from the movies that a user rated to all movies, {found}: "
        f"{metric_label(metric)} on test is {ease:.3f} against {als:.3f} (95 % interval of the "
        f"difference {low:+.3f} to {high:+.3f}, {format_p_value(comparison['p_value'])})."
    )


def cautions(summary: Facts) -> list[str]:
    """Return what to know before comparing the models or the numbers of other reports."""
    cautions, protocol, users = [], summary["protocol"], summary["users"]["test"]
    if protocol["candidates"] != "unseen":
        cautions.append(f"The candidates are {protocol['candidates_are']}.")
    if users["evaluated_but_cold"]:
        cautions.append(
            f"{users['evaluated_but_cold']:,} of the {users['evaluated']:,} users in test are "
            "cold: they have no rating to learn from, so ALS and EASE have no list for them and "
            "score 0. Popularity needs no ratings of the user."
        )
    return cautions


def delivered(facts: Facts) -> str:
    """Return how many users got which list, and how many movies are in one."""
    users, model = facts["users"], facts["model"]
    if not facts["beats_popularity"]:
        who = (
            f"All {users['popularity']:,} users get the popularity list, because no model was "
            "better on validation."
        )
    else:
        who = f"{users[model]:,} users get a list of {model.upper()}"
        if users["popularity"]:
            who += (
                f", and {users['popularity']:,} the popularity list: they have too few ratings, or "
                "like nothing"
            )
        who += "."
    share = facts["listed_movies"] / facts["candidate_movies"]
    return (
        f"{who} {facts['listed_movies']:,} of the {facts['candidate_movies']:,} rated movies "
        f"({100 * share:.0f} %) are in at least one list."
    )


def ask_commands(command: str, facts: Facts) -> list[str]:
    """Return the commands that print a user's list and that of somebody new.

    They are those of the checkout or of the installed package, like the `command` of the run.
    """
    ask = command.replace(" run", " ask", 1)
    examples = facts["examples"]["users"]
    user = examples[-1]["user_id"] if examples else 1
    return (
        [f"{ask} USER={user}", f"{ask} RATINGS=mine.csv"]
        if command.startswith("make ")
        else [f"{ask} --user {user}", f"{ask} --ratings mine.csv"]
    )


def segments_verdict(segments: Facts) -> str:
    """Return how many kinds of users there are, and whether that is stable and worth something."""
    count, lift = segments["count"], segments["lift"]["test"]
    if segments["stable"]:
        found = (
            f"There are {count} stable kinds of users: two random resamples of the users give "
            f"nearly the same segments (median adjusted Rand index {segments['median_ari']:.2f})."
        )
    else:
        found = (
            f"There are no stable kinds of users: two random resamples of them give different "
            f"segments (median adjusted Rand index {segments['median_ari']:.2f}). The {count} "
            "segments below are one of many ways to divide them."
        )
    if lift["ratio"] is None:
        return found
    low, high = lift["ci95"]
    chance = lift["shuffled_p99"]
    better = low > 1 and (chance is None or lift["ratio"] > chance)
    worth = (
        "What is popular in a user's segment is a better list than what is popular with everybody"
        if better
        else "It is not clear that what is popular in a user's segment is a better list than what "
        "is popular with everybody"
    )
    random = "" if chance is None else f"; 99 of 100 random divisions stay below {chance:.2f}"
    return (
        f"{found} {worth}: {lift['ratio']:.2f} times its NDCG on test (95 % interval {low:.2f} to "
        f"{high:.2f}{random})."
    )


def segments_gap(segments: Facts) -> str:
    """Return how much of ALS's lead the segments have, and how their rival does."""
    closed, rival = segments["gap_closed"], segments["rival"]
    parts = []
    if closed is not None:
        parts.append(
            f"{100 * closed:.0f} % of the way from popularity to ALS, which has a list for each "
            "user, is made by one list per segment."
        )
    if rival["lift"]["test"] is not None:
        parts.append(
            f"As many segments by the genres of the users' likes reach {rival['lift']['test']:.2f} "
            "times popularity."
        )
    return " ".join(parts)


def segments_traits(segments: Facts) -> str:
    """Return how many traits there are and how many hold for held-out ratings."""
    if segments["traits_held"] is None:
        return "No segment likes anything more or less than the others, beyond chance."
    return (
        f"{segments['traits']} traits tell the segments apart; {100 * segments['traits_held']:.0f} "
        f"% of the {segments['traits_checked']} that can be checked point in the same direction in "
        "later ratings, which were not used to find them."
    )


def segments_and_twins(segments: Facts) -> str:
    """Return how many pairs of twins are in one segment, and how many would be by chance."""
    found = segments["twins"]
    if not found["pairs"]:
        return ""
    return (
        f"Of {found['pairs']} pairs of twins, {found['together']} are in one segment; if the users "
        f"of these pairs were paired at random, {found['expected']:.0f} would be."
    )


def twins_verdict(twins: Facts) -> str:
    """Return whether the ratings of twins agree more than those of random pairs and strangers."""
    pearson, strangers = twins["pearson"], twins["strangers"]
    twins_mean, random_mean = pearson["twins"]["mean"], pearson["random"]["mean"]
    if twins_mean is None or random_mean is None or pearson["p_value"] is None:
        return "Too few pairs have enough common ratings to compare twins with random pairs."
    # the test is two-sided: a small p-value may also mean less agreement
    if pearson["p_value"] >= 0.05:
        agree = "do not agree measurably more"
    elif twins_mean > random_mean:
        agree = "agree more"
    else:
        agree = "agree less"
    verdict = (
        f"The ratings of twins {agree} than those of random pairs: the mean correlation is "
        f"{twins_mean:.2f} against {random_mean:.2f} ({format_p_value(pearson['p_value'])})."
    )
    if strangers["p_value"] is None:
        return verdict
    if strangers["p_value"] >= 0.05:
        beyond = "Twins do not agree measurably more than that"
    elif strangers["lead"] > 0:
        beyond = "Twins agree more than that"
    else:
        beyond = "Twins agree less than that"
    low, high = strangers["lead_ci95"]
    return (
        f"{verdict} Strangers who rated the same movies would have a mean correlation of "
        f"{strangers['strangers_mean']:.2f}, because some movies are better than others. {beyond}: "
        f"their lead is {strangers['lead']:+.2f}, with a 95 % interval of {low:+.2f} to "
        f"{high:+.2f} ({format_p_value(strangers['p_value'])})."
    )


def ties(twins: Facts) -> str:
    """Return how many pairs are as similar as the last one in the list."""
    if twins["tied_at_cut"] < 2:
        return "No pair outside the list is as similar as the last pair in it."
    return (
        f"{twins['tied_at_cut']} pairs are as similar as the last pair in the list; the list has "
        f"{twins['tied_at_cut_and_listed']} of them."
    )


def duplicates(twins: Facts) -> str:
    """Return the number and the ranks of the pairs that look like one person."""
    ranks = twins["duplicates"]["ranks"]
    if not ranks:
        return "No pair looks like one person with two accounts."
    listed = ", ".join(map(str, ranks))
    return f"Pairs that look like one person with two accounts: {len(ranks)} (rank {listed})."


def near_best(facts: Facts, *, metric: str) -> str:
    """Return how many configurations of implicit ALS come close to its best."""
    trials = [trial for trial in largest_trials(facts["trials"]) if trial["model"] == "als"]
    if not trials:
        return ""
    fraction = max(trial["user_fraction"] for trial in trials)
    values = [trial[metric] for trial in trials if trial["user_fraction"] == fraction]
    best = max(values)
    near = sum(value >= 0.98 * best for value in values)
    users = "all users" if fraction == 1 else f"{100 * fraction:g} % of the users"
    return (
        f"{near} of the {len(values)} configurations of ALS tried on {users} are within 2 % of its "
        f"best {metric_label(metric)} on validation, {best:.4f}."
    )


def format_p_value(value: float) -> str:
    """Return a p-value for readers.

    >>> format_p_value(0.0009995), format_p_value(0.5), format_p_value(0.0001)
    ('p = 0.001', 'p = 0.500', 'p < 0.001')
    """
    return f"p = {value:.3f}" if value >= 0.0005 else "p < 0.001"
