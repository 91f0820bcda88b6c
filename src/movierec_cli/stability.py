"""`movierec stability`: how far the metrics vary over random splits."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from movierec.config.schema import Config
from movierec.models.names import ALS, MODELS
from movierec.pipeline import dag
from movierec.pipeline.cli import run_job
from movierec.pipeline.execution import Execution
from movierec.run_all import run_pipeline
from movierec.splitting.splits import HELD_OUT, PER_USER_RANDOM
from movierec_cli.commands import add_out, draw_report, out_directory, print_end
from movierec_report.drawing import STABILITY, STABILITY_VERSION
from movierec_synthetic.download import fetch_archive

REPEATED: Final = (
    *(stage for stage in dag.EVALUATE.inputs if stage is not dag.INGEST),
    dag.EVALUATE,
)
_LEADS: Final = ("als_vs_popularity", "ease_vs_als")


def main(argv: Sequence[str] | None = None) -> int:
    """Repeat partition to evaluate on random splits; write the spread to `out/` and its report."""

    def extend(parser: argparse.ArgumentParser) -> None:
        add_out(parser)
        parser.add_argument("--seeds", type=_seeds, default=5, help="splits (default: %(default)s)")

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        config = execution.config
        if config.source.generate is not None:
            fetch_archive(config.source)
        # the archive is the same for every split
        run_pipeline(execution, wanted=(dag.INGEST,), force=arguments.force)
        summaries = {}
        for name, alternative in alternatives(config, arguments.seeds).items():
            print(f"stability: split {name}", file=sys.stderr)
            other = Execution(alternative, execution.session)
            summaries[name] = run_pipeline(other, wanted=REPEATED, force=arguments.force)
        spread = {
            # of the conf itself: the report compares it with its own
            "fingerprint": execution.fingerprint(dag.EVALUATE),
            "version": STABILITY_VERSION,
            "splits": list(summaries),
            **spread_of(list(summaries.values())),
        }
        out = out_directory(execution, arguments)
        out.mkdir(parents=True, exist_ok=True)
        path = out / STABILITY
        path.write_text(json.dumps(spread, indent=2) + "\n", encoding="utf-8")
        page = draw_report(execution, out, arguments)
        print(table(spread))
        print_end("stability", {"output": str(path)}, page)

    return run_job("stability", body, argv, extend=extend)


def _seeds(text: str) -> int:
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text}: a spread takes at least 2 splits")
    return int(text)


def alternatives(config: Config, seeds: int) -> dict[str, Config]:
    """Return random splits of the configured proportions, by seeds that follow the configured one.

    A chronological split has no random alternatives of its own, so they are random splits too.
    """
    first = config.partition.seed
    return {
        f"{PER_USER_RANDOM} seed {seed}": replace(
            config, partition=replace(config.partition, strategy=PER_USER_RANDOM, seed=seed)
        )
        for seed in range(first, first + seeds)
    }


def spread_of(summaries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return mean, standard deviation, lowest and highest of each metric over the summaries.

    `models` has them by model and split; each of `_LEADS` those of a lead by split.
    """
    metrics = _metrics(summaries[0])

    def spread(tables: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            split: {
                metric: _spread([table[split][metric] for table in tables]) for metric in metrics
            }
            for split in HELD_OUT
        }

    return {
        "models": {
            model: spread([summary["models"][model] for summary in summaries]) for model in MODELS
        },
        **{pair: spread([_leads(one, pair) for one in summaries]) for pair in _LEADS},
    }


def table(spread: dict[str, Any]) -> str:
    """Return the spread as a table for a terminal: mean ± standard deviation."""
    metrics = list(spread["models"][ALS][HELD_OUT[0]])
    lines = ["".join([f"{'split':<12}{'model':<20}", *(f"{name:>20}" for name in metrics)])]
    for split in HELD_OUT:
        for model in MODELS:
            found = spread["models"][model][split]
            cells = (f"{found[m]['mean']:12.4f} ± {found[m]['stdev']:.3f}" for m in metrics)
            lines.append("".join([f"{split:<12}{model:<20}", *cells]))
        for pair in _LEADS:
            leads, name = spread[pair][split], pair.replace("_vs_", " − ")
            cells = (f"{leads[m]['mean']:+12.4f} ± {leads[m]['stdev']:.3f}" for m in metrics)
            lines.append("".join([f"{split:<12}{name:<20}", *cells]))
    return "\n".join(lines)


def _leads(summary: dict[str, Any], pair: str) -> dict[str, dict[str, float]]:
    """Return the lead of the first of a pair of models in each metric, by split."""
    compared = summary["comparison"][pair]
    return {
        split: {metric: one["difference"] for metric, one in found.items()}
        for split, found in compared.items()
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {
        "mean": statistics.mean(values),
        "stdev": statistics.stdev(values),
        "min": min(values),
        "max": max(values),
    }


def _metrics(summary: dict[str, Any]) -> list[str]:
    return [key for key in summary["models"][ALS][HELD_OUT[0]] if "_at_" in key]
