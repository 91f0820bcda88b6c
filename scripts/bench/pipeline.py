"""Time every stage of the pipeline at growing sizes; measure peak memory and spill.

Each size has a generated archive and an empty workspace.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from movierec.pipeline.cli import open_session, run_guarded
from movierec.spark.blas import find_library
from movierec.spark.session import Session
from scripts.bench import harness
from scripts.bench.harness import Findings, archive_of, columns, exponent

ROOT = Path(__file__).resolve().parents[2]
_GIB = 1 << 30


def main(argv: Sequence[str] | None = None) -> int:
    parser = harness.bench_parser("bench_pipeline")
    parser.add_argument(
        "--scales", type=float, nargs="+", default=[0.01, 0.1, 1.0], help="(default: 0.01 0.1 1)"
    )
    arguments = parser.parse_args(argv)
    if arguments.archive:
        parser.error("--archive is not read: every scale has a generated archive; leave it out")

    def body(_: Session) -> None:
        findings = run(arguments)
        harness.finish("pipeline", findings, table(findings), arguments.out)

    return run_guarded("bench_pipeline", body, open_session("bench_pipeline", arguments))


def run(arguments: argparse.Namespace) -> Findings:
    runs: list[Findings] = []
    for scale in sorted(arguments.scales):
        runs.append(measured(scale, arguments))
        harness.say("pipeline", json.dumps(runs[-1]))
    return {"native_blas": find_library() is not None, "runs": runs, "exponents": growth(runs)}


def measured(scale: float, arguments: argparse.Namespace) -> Findings:
    """Run the pipeline at one size; return its seconds, memory and bytes written.

    Raises CalledProcessError.
    """
    archive = archive_of(scale)
    with tempfile.TemporaryDirectory(prefix="bench-pipeline-") as place:
        events = Path(place) / "events"
        events.mkdir()
        conf = Path(place) / "spark-defaults.conf"
        conf.write_text(
            f"spark.eventLog.enabled true\nspark.eventLog.dir file:{events}\n"
            "spark.eventLog.compress false\nspark.eventLog.rolling.enabled false\n",
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "movierec_cli", "run"]
        command += [*harness.config_options(arguments), "--archive", str(archive.resolve())]
        command += ["--set", f"workspace=file:{place}/workspace", "--out", f"{place}/out"]
        started = time.monotonic()
        peaks = watched(command, {**os.environ, "SPARK_CONF_DIR": place})
        seconds = time.monotonic() - started
        summary = json.loads(next(Path(place, "out").glob("*/summary.json")).read_text())
        return {
            "scale": scale,
            "data": summary["data"],
            "seconds": round(seconds, 1),
            "stages": summary["timings"],
            **peaks,
            **spill(events),
        }


def watched(command: list[str], environment: dict[str, str]) -> Findings:
    """Run the command and return the peak resident memory of its JVM and of all its processes."""
    jvm = everything = 0
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        root = psutil.Process(process.pid)
        while process.poll() is None:
            sizes = resident(root)
            jvm = max([jvm, *(size for name, size in sizes if name == "java")])
            everything = max(everything, sum(size for name, size in sizes if ours(name)))
            time.sleep(1.0)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {
        "peak_jvm_gib": round(jvm / _GIB, 2),
        "peak_all_gib": round(everything / _GIB, 2),
    }


def ours(name: str) -> bool:
    """Return whether a process is Java or Python.

    Between fork and exec a child counts all of the JVM's memory again, under a thread's name.
    """
    return name.startswith(("java", "python"))


def resident(root: psutil.Process) -> list[tuple[str, int]]:
    """Return (name, resident bytes) of a process and its descendants, if they still run."""
    family, sizes = [root], []
    with suppress(psutil.NoSuchProcess):
        family += root.children(recursive=True)
    for process in family:
        # it may have ended since
        with suppress(psutil.NoSuchProcess):
            sizes.append((process.name(), process.memory_info().rss))
    return sizes


def spill(events: Path) -> Findings:
    """Return the bytes shuffled and spilled to disk, from Spark's event log."""
    totals = {"shuffle_gib": 0.0, "spill_gib": 0.0}
    for log in events.iterdir():
        with log.open(encoding="utf-8") as lines:
            for line in lines:
                if '"SparkListenerTaskEnd"' not in line:
                    continue
                metrics: dict[str, Any] = json.loads(line).get("Task Metrics") or {}
                written = metrics.get("Shuffle Write Metrics", {})
                totals["shuffle_gib"] += written.get("Shuffle Bytes Written", 0) / _GIB
                totals["spill_gib"] += metrics.get("Disk Bytes Spilled", 0) / _GIB
    return {name: round(size, 3) for name, size in totals.items()}


def growth(runs: list[Findings]) -> dict[str, float]:
    """Return each stage's exponent between the two largest sizes; {} for one size."""
    if len(runs) < 2:
        return {}
    before, after = runs[-2:]
    return {
        stage: exponent(
            (before["data"]["ratings"], before["stages"][stage]),
            (after["data"]["ratings"], after["stages"][stage]),
        )
        for stage in after["stages"]
    }


def table(found: Findings) -> str:
    runs = found["runs"]
    rows = [["ratings", *(f"{one['data']['ratings']:,}" for one in runs), "exponent"]]
    for stage in runs[-1]["stages"]:
        seconds = (f"{one['stages'][stage]:.1f} s" for one in runs)
        rows.append([stage, *seconds, found["exponents"].get(stage, "")])
    rows.append(["seconds", *(f"{one['seconds']:.2f} s" for one in runs), ""])
    for name in ("peak_jvm", "peak_all", "shuffle", "spill"):
        rows.append([name, *(f"{one[f'{name}_gib']:.2f} GiB" for one in runs), ""])
    return columns(rows)


if __name__ == "__main__":
    sys.exit(main())
