"""What the benchmarks share: command line, timing, and the file of their findings.

A benchmark is a module with `run(setting) -> findings`; its `main` is `harness.main(...)`. Findings
are written into `<out>/summary.json` under the benchmark's name.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from movierec.config.arguments import (
    add_override_arguments,
    add_session_arguments,
    overrides_of,
)
from movierec.config.schema import Config
from movierec.pipeline import dag
from movierec.pipeline.cli import open_session, read_config, run_guarded
from movierec.pipeline.execution import Execution
from movierec.run_all import run_pipeline
from movierec.spark.session import Session, machine_memory
from movierec_synthetic import SHAPES, SIZES, SampleSpec, write_archive

OUT = Path("out/bench")
# ml-latest-small, a sample of 610 of these users, has 9,742 movies: 86,537 · (610 / 330,975)^0.35
_MOVIES_POWER = 0.35
Findings = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """What a benchmark works on."""

    execution: Execution
    arguments: argparse.Namespace

    @property
    def config(self) -> Config:
        """The conf, with its overrides."""
        return self.execution.config

    def results(self, *wanted: dag.Stage) -> Execution:
        """Make the results of these stages that are missing; return the execution."""
        run_pipeline(self.execution, wanted=wanted)
        return self.execution


def main(
    name: str,
    run: Callable[[Setting], Findings],
    table: Callable[[Findings], str],
    options: Callable[[argparse.ArgumentParser], None] = lambda _: None,
    argv: Sequence[str] | None = None,
) -> int:
    """Run one benchmark from the command line, print its table, and return its exit code."""
    parser = bench_parser(f"bench_{name}")
    options(parser)
    arguments = parser.parse_args(argv)

    def body(session: Session) -> None:
        config = read_config(arguments.config, overrides_of(arguments), session)
        findings = run(Setting(Execution(config, session), arguments))
        finish(name, findings, table(findings), arguments.out)

    return run_guarded(f"bench_{name}", body, open_session(f"bench_{name}", arguments))


def bench_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of the options that every benchmark has."""
    parser = config_parser(name)
    parser.add_argument("--repetitions", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, default=OUT, help="(default: %(default)s)")
    return parser


def config_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of the options that choose the config and configure Spark."""
    parser = argparse.ArgumentParser(prog=name, allow_abbrev=False)
    parser.add_argument("--config", required=True, help="conf file")
    add_override_arguments(parser)
    add_session_arguments(parser)
    return parser


def config_options(arguments: argparse.Namespace) -> list[str]:
    """Return the options of `config_parser`, for the command line of another process."""
    options = ["--config", arguments.config]
    options += [word for override in arguments.set for word in ("--set", override)]
    options += ["--archive", arguments.archive] if arguments.archive else []
    for properties in arguments.spark_conf:
        for key, value in properties.items():
            options += ["--spark-conf", f"{key}={value}"]
    return options + ["--verbose"] * arguments.verbose


def finish(name: str, findings: Findings, table: str, out: Path) -> None:
    """Record the findings, print their table and the path of the file."""
    path = record(name, findings, out)
    print(table)
    print(json.dumps({"job": f"bench_{name}", "output": str(path)}))


def record(name: str, findings: Findings, out: Path) -> Path:
    """Write the findings into the summary; they replace earlier ones of this name."""
    path = out / "summary.json"
    out.mkdir(parents=True, exist_ok=True)
    summary = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    summary["machine"] = machine()
    summary[name] = findings
    path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return path


def machine() -> Findings:
    """Return the machine's size and the versions of the software."""
    import numpy as np
    import pyspark

    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(machine_memory() / (1 << 30), 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "spark": pyspark.__version__,
        "numpy": np.__version__,
    }


def archive_of(scale: float, folder: Path = Path("data")) -> Path:
    """Return the archive with this fraction of ml-latest's users and ratings, generated once."""
    path = folder / f"bench-{scale:g}.zip"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        users, movies, ratings = SIZES["full"]
        spec = SampleSpec(
            users=round(users * scale),
            movies=round(movies * scale**_MOVIES_POWER),
            ratings=round(ratings * scale),
            seed=1,
            shape=SHAPES["full"],
        )
        write_archive(spec, path)
    return path


def timed(call: Callable[[], Any], repetitions: int) -> tuple[float, Any]:
    """Return the median seconds of the calls and the result of the last call."""
    seconds, result = [], None
    for _ in range(repetitions):
        started = time.monotonic()
        result = call()
        seconds.append(time.monotonic() - started)
    return statistics.median(seconds), result


def say(name: str, message: str) -> None:
    """Print the benchmark's progress on standard error."""
    print(f"bench_{name}: {message}", file=sys.stderr, flush=True)


def ratio(theirs: float, ours: float) -> float | None:
    """Return theirs / ours.

    None if either is not positive: the slope between two short fits may be 0 or negative.
    """
    return round(theirs / ours, 2) if theirs > 0 and ours > 0 else None


def shown(value: float | None, digits: int = 2) -> str:
    """Format a number for a table; None is a dash."""
    return "–" if value is None else f"{value:.{digits}f}"


def columns(rows: Sequence[Sequence[object]]) -> str:
    """Return the rows, the first with the names, as text in columns; numbers stand to the right.

    >>> print(columns([("rank", "plain s"), (8, 1.5)]))
    rank  plain s
    8         1.5
    """
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            str(cell).rjust(width) if n else str(cell).ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(lines)


def exponent(before: tuple[float, float], after: tuple[float, float]) -> float:
    """Return x, where the seconds grow as size^x, from two pairs (size, seconds).

    >>> exponent((100, 5.0), (200, 20.0))
    2.0
    """
    growth = math.log(after[1] / before[1])
    return round(growth / math.log(after[0] / before[0]), 2)
