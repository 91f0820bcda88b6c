"""summary.json: the results of a run, for people and for scripts."""

from __future__ import annotations

from typing import Any, Final

from movierec.config.schema import EvaluationConfig
from movierec.evaluation.compare import SplitEvaluation
from movierec.models import names as models
from movierec.pipeline.manifest import Manifest
from movierec.segments.summary import segments_table
from movierec.splitting.splits import HELD_OUT, SPLITS, TEST
from movierec.twins.summary import twin_table

PROTOCOLS: Final = {
    "unseen": "every movie of the training data that the user has not seen",
    "heldout_only": (
        "INFLATED: only the user's own held-out movies, which nobody knows in advance; "
        "not comparable with any other number"
    ),
}


def evaluation_summary(
    evaluations: dict[str, SplitEvaluation],
    *,
    ingest: Manifest,
    partition: Manifest,
    tune: Manifest,
    params: dict[str, dict[str, Any]],
    shuffled_p99: dict[str, float | None],
    config: EvaluationConfig,
) -> dict[str, Any]:
    """Return the summary of the stage evaluate. `params` holds the parameters of each model.

    It adds the lift of the segments' lists to their section; `shuffled_p99` is the 99th percentile
    of the lifts of random segments, by split.
    """
    return {
        "data": {
            "ratings": ingest.rows["ratings"],
            "users": ingest.facts["users"],
            "movies": ingest.rows["movies"],
        },
        "partition": {
            "strategy": partition.config["partition"]["strategy"],
            **{name: partition.rows[name] for name in SPLITS},
            "audit": partition.facts["audit"],
        },
        "protocol": {
            "k": config.k,
            "relevant_rating": config.relevant_rating,
            "candidates": config.candidates,
            "candidates_are": PROTOCOLS[config.candidates],
            "engines": {
                "trials": tune.config["tuning"]["engine"],
                "fits": tune.config["als"]["engine"],
            },
        },
        "models": {
            model: {
                "params": params.get(model, {}),
                **{split: evaluations[split].models[model] for split in HELD_OUT},
            }
            for model in models.SHOWN
            if model in evaluations[HELD_OUT[0]].models
        },
        "comparison": {
            pair: {split: evaluations[split].comparison[pair] for split in HELD_OUT}
            for pair in evaluations[HELD_OUT[0]].comparison
        },
        "users": {split: evaluations[split].users for split in HELD_OUT},
        "movies": {split: evaluations[split].movies for split in HELD_OUT},
        "strata": {split: evaluations[split].strata for split in HELD_OUT},
        "segments": {
            "lift": {
                split: {**evaluations[split].segment_lift, "shuffled_p99": shuffled_p99[split]}
                for split in HELD_OUT
            },
            "gap_closed": evaluations[TEST].segment_lift["gap_closed"],
        },
    }


def table(summary: dict[str, Any]) -> str:
    """Return the comparison, the segments and the twins that there are, for a terminal."""
    parts = [_comparison(summary)] if "models" in summary else []
    if "count" in summary.get("segments", {}):
        parts.append(segments_table(summary["segments"]))
    if "twins" in summary:
        parts.append(twin_table(summary["twins"]))
    return "\n".join(parts)


def _comparison(summary: dict[str, Any]) -> str:
    """Return one line per split and model."""
    metrics = [key for key in summary["models"][models.ALS][HELD_OUT[0]] if "_at_" in key]
    lines = ["".join([f"{'split':<12}{'model':<20}", *(f"{name:>17}" for name in metrics)])]
    for split in HELD_OUT:
        for model in (one for one in models.SHOWN if one in summary["models"]):
            values = summary["models"][model][split]
            cells = (f"{values[name]:17.4f}" for name in metrics)
            lines.append("".join([f"{split:<12}{model:<20}", *cells]))
        for one, other in ((models.ALS, models.POPULARITY), (models.EASE, models.ALS)):
            differences = summary["comparison"][f"{one}_vs_{other}"][split]
            intervals = (
                "[{:+.3f}, {:+.3f}]".format(*differences[name]["ci95"]) for name in metrics
            )
            cells = (f"{interval:>17}" for interval in intervals)
            lines.append("".join([f"{split:<12}{f'{one} − {other}':<20}", *cells]))
    for split in HELD_OUT:
        users = summary["users"][split]
        if users["evaluated_but_cold"]:
            cold = f"{users['evaluated_but_cold']:,} of {users['evaluated']:,} users are cold"
            lines.append(f"{split}: {cold}: ALS and EASE have no list for them and score 0")
    engines = summary["protocol"]["engines"]
    lines.append(f"ALS: trials by {engines['trials']}, reported fits by {engines['fits']}")
    lines.append(f"candidates: {summary['protocol']['candidates_are']}")
    return "\n".join(lines)
