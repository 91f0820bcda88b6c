"""Watch what a long application holds on to: 40 trials, and a fit of 60 iterations.

Every few seconds garbage is collected, and then the heap in use, the frames that are kept, the
disk that Spark uses and the deepest stack of its threads are noted. What grows with the trials
leaks.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from movierec.pipeline import dag
from movierec.pipeline.cli import read_config
from movierec.pipeline.execution import Execution
from movierec.run_all import run_pipeline
from scripts.bench import harness
from scripts.bench.harness import Findings, Setting

TRIALS = {
    "tuning.strategy": "grid",
    "tuning.implicit": {
        "rank": [4, 8],
        "reg_param": [0.01, 0.03, 0.1, 0.3],
        "alpha": [1, 2, 4, 8, 16],
        "feedback": ["signed"],
    },
    "tuning.explicit": {"rank": [8], "reg_param": [0.1]},
}
LONG_FIT = {
    "tuning.strategy": "grid",
    "tuning.implicit": {"rank": [8], "reg_param": [0.1], "alpha": [2], "feedback": ["signed"]},
    "tuning.explicit": {"rank": [8], "reg_param": [0.1]},
    "als.max_iter": 60,
}
_EVERY = 4.0
_QUARTERS = 4


def run(setting: Setting) -> Findings:
    setting.results(dag.INGEST, dag.PARTITION)
    return {
        name: watched(tuning(setting, overrides))
        for name, overrides in (("trials", TRIALS), ("long_fit", LONG_FIT))
    }


def tuning(setting: Setting, overrides: dict[str, Any]) -> Execution:
    """Return what tunes with these overrides, in the same session and workspace."""
    texts = [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
    session = setting.execution.session
    arguments = setting.arguments
    config = read_config(arguments.config, [*arguments.set, *texts], session)
    return Execution(config, session)


def watched(execution: Execution) -> Findings:
    """Tune anew; return what was held in each quarter of the time."""
    started = time.monotonic()
    with samples(execution) as notes:
        run_pipeline(execution, wanted=[dag.TUNE], force=True)
    ends = [len(notes) * quarter // _QUARTERS for quarter in range(_QUARTERS + 1)]
    held = {
        name: [
            statistics.median(one[name] for one in notes[start:end])
            for start, end in itertools.pairwise(ends)
            if end > start
        ]
        for name in notes[0]
    }
    result = execution.require(dag.TUNE)
    return {
        "trials": len(result.manifest.facts["trials"]),
        "seconds": round(time.monotonic() - started, 1),
        "samples": len(notes),
        "held": held,
    }


@contextmanager
def samples(execution: Execution) -> Iterator[list[dict[str, float]]]:
    """Note what the application holds while the block runs."""
    notes: list[dict[str, float]] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY):
            notes.append(noted(execution))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield notes
    finally:
        ended.set()
        thread.join()
        notes.append(noted(execution))


def noted(execution: Execution) -> dict[str, float]:
    """Return what the application holds now."""
    spark = execution.session()
    jvm: Any = spark._jvm
    jvm.java.lang.System.gc()
    runtime = jvm.java.lang.Runtime.getRuntime()
    context = spark.sparkContext
    stacks = jvm.java.lang.Thread.getAllStackTraces().values()
    env = jvm.org.apache.spark.SparkEnv.get()
    local = [Path(one.getPath()) for one in env.blockManager().diskBlockManager().localDirs()]
    checkpoints = Path(str(context.getCheckpointDir()).removeprefix("file:"))
    return {
        "heap_mib": (runtime.totalMemory() - runtime.freeMemory()) / (1 << 20),
        "kept_frames": context._jsc.getPersistentRDDs().size(),
        "disk_mib": sum(size(one) for one in [*local, checkpoints]) / (1 << 20),
        "deepest_stack": max(len(stack) for stack in stacks),
    }


def size(folder: Path) -> int:
    """Return the bytes below a folder of files that come and go."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def table(found: Findings) -> str:
    lines = [f"{'':<12}{'median held':<16}{'in each quarter of the time':>40}"]
    for name, one in found.items():
        for what, medians in one["held"].items():
            lines.append(f"{name:<12}{what:<16}{''.join(f'{median:10.1f}' for median in medians)}")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    return harness.main("endurance", run, table, argv=argv)


if __name__ == "__main__":
    sys.exit(main())
