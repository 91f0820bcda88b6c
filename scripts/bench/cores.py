"""Time the pipeline's jobs on one core, on two, and on a standalone cluster of two workers.

Every job by spark-submit, as a cluster runs them, with both zips as --py-files. The cluster is a
master and two workers of one core each on this machine: tasks, broadcasts, shuffles and the zips
cross processes there, which they do not in local mode. The three must come to the same metrics.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pyspark

from movierec.config.loader import load_config
from movierec.pipeline import dag
from movierec.pipeline.cli import run_guarded
from movierec.pipeline.execution import Execution
from movierec.run_all import merged_summary
from movierec.spark.session import Session
from scripts.bench import harness
from scripts.bench.archives import archive_of, overrides_of
from scripts.bench.harness import Findings, ratio, shown
from scripts.build_package import build_packages

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(pyspark.__file__).parent / "bin"
WORKERS = 2
_PORT, _UI_PORT = 17_077, 18_080
_START_SECONDS = 60.0


def main(argv: Sequence[str] | None = None) -> int:
    parser = harness.bench_parser("bench_cores")
    parser.add_argument("--size", type=float, default=0.1, help="share of ml-latest")
    parser.add_argument("--memory", default="5g", help="of a driver or executor")
    arguments = parser.parse_args(argv)

    def body() -> None:
        findings = run(arguments)
        harness.finish("cores", findings, table(findings), arguments.out)

    return run_guarded("bench_cores", body, Session("unused"))


def run(arguments: argparse.Namespace) -> Findings:
    zips = build_packages(ROOT, ROOT / "dist")
    local = ["--driver-memory", arguments.memory, "--py-files", ",".join(map(str, zips))]
    runs = {name: submitted(name, local, arguments) for name in ("local[1]", "local[2]")}
    with standalone_cluster(arguments.memory) as master:
        options = [*local, "--executor-memory", arguments.memory]
        runs["standalone"] = submitted(master, options, arguments)
    models = [run.pop("models") for run in runs.values()]
    return {
        "size": arguments.size,
        "runs": runs,
        "same_metrics": all(one == models[0] for one in models),
        "two_cores_vs_one": ratio(runs["local[1]"]["seconds"], runs["local[2]"]["seconds"]),
    }


def submitted(master: str, options: list[str], arguments: argparse.Namespace) -> Findings:
    """Run every job on a master from an empty workspace; return the stages' seconds."""
    with tempfile.TemporaryDirectory(prefix="bench-cores-") as place:
        overrides = [
            *overrides_of(archive_of(arguments.size).resolve()),
            *arguments.set,
            f"workspace=file:{place}",
        ]
        started = time.monotonic()
        for stage in dag.PIPELINE:
            command = [str(BIN / "spark-submit"), "--master", master, *options]
            command += ["--conf", "spark.ui.enabled=false"]
            command += [f"jobs/{stage.job}.py", "--config", arguments.config]
            command += [part for override in overrides for part in ("--set", override)]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            harness.say("cores", f"{master} {stage.name}")
        seconds = time.monotonic() - started
        text = Path(arguments.config).read_text(encoding="utf-8")
        config = load_config(text, origin=arguments.config, overrides=overrides)
        summary = merged_summary(Execution(config, Session("unused")))
        return {
            "seconds": round(seconds, 1),
            "stages": summary["timings"],
            "models": summary["models"],
        }


@contextmanager
def standalone_cluster(memory: str) -> Iterator[str]:
    """Run a master and workers of one core each on loopback; yield the master's URL."""
    classes = "org.apache.spark.deploy"
    host = ["--host", "127.0.0.1"]
    ui = f"http://127.0.0.1:{_UI_PORT}/json/"
    url = f"spark://127.0.0.1:{_PORT}"
    with ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-standalone-"))
        environment = {**os.environ, "SPARK_WORKER_DIR": place}

        def start(*command: str) -> None:
            process = subprocess.Popen(
                [str(BIN / "spark-class"), *command],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)

        start(
            f"{classes}.master.Master", *host, "--port", str(_PORT), "--webui-port", str(_UI_PORT)
        )
        _wait(ui, workers=0)
        for _ in range(WORKERS):
            start(f"{classes}.worker.Worker", *host, "--cores", "1", "--memory", memory, url)
        _wait(ui, workers=WORKERS)
        yield url


def _wait(ui: str, *, workers: int) -> None:
    """Wait until the master lists so many living workers. Raises TimeoutError."""
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends:
        try:
            with urlopen(ui, timeout=5) as answer:
                state = json.load(answer)
        except (URLError, OSError, ValueError):
            state = {}
        if state and state.get("aliveworkers", 0) >= workers:
            return
        time.sleep(0.5)
    raise TimeoutError(f"{ui} lists fewer than {workers} workers after {_START_SECONDS:g} s")


def table(found: Findings) -> str:
    runs = found["runs"]
    lines = [f"{'stage':<14}" + "".join(f"{name:>14}" for name in runs)]
    for stage in runs["local[2]"]["stages"]:
        lines.append(
            f"{stage:<14}" + "".join(f"{r['stages'][stage]:12.1f} s" for r in runs.values())
        )
    lines.append(f"{'all':<14}" + "".join(f"{r['seconds']:12.1f} s" for r in runs.values()))
    lines.append(f"two cores take one core's time / {shown(found['two_cores_vs_one'])}")
    lines.append(f"metrics {'equal' if found['same_metrics'] else 'DIFFER'}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
