"""Run the benchmarks, each in a process of its own, on generated data of a fraction of full size.

`python -m scripts.bench --config conf/full.yaml [--only topk,als] [--scale 0.1]`. Other options are
passed to the benchmark if only one is named; `python -m scripts.bench.topk --help` lists them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from scripts.bench import harness
from scripts.bench.harness import archive_of

# about 330 users: fewer are too few to tune on
_MIN_SCALE = 0.001
NAMES = ("topk", "als", "engines", "twins", "evaluation", "fold_in", "pipeline")


def main(argv: Sequence[str] | None = None) -> int:
    parser = harness.bench_parser("bench")
    parser.add_argument(
        "--only", default=",".join(NAMES), help="names, by comma (default: %(default)s)"
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="fraction of ml-latest (default: %(default)s)"
    )
    arguments, own = parser.parse_known_args(argv)
    names = arguments.only.split(",")
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        parser.error(f"--only {', '.join(unknown)}: there are {', '.join(NAMES)}")
    if not _MIN_SCALE <= arguments.scale <= 1:
        parser.error(f"--scale {arguments.scale:g}: give {_MIN_SCALE:g} to 1")
    if arguments.archive and "pipeline" in names:
        left = ",".join(name for name in names if name != "pipeline")
        fix = f"give --only {left}" if left else "leave it out"
        parser.error(f"--archive is not read by pipeline; {fix}")
    if own and len(names) > 1:
        parser.error(f"{' '.join(own)}: options of one benchmark need --only with its name")
    options = [*harness.config_options(arguments), "--repetitions", str(arguments.repetitions)]
    options += ["--out", str(arguments.out)]
    sizes = {name: _size_options(name, arguments) for name in names}
    failed = [name for name in names if not _passed(name, [*options, *sizes[name], *own])]
    for name in failed:
        print(f"bench: {name} failed", file=sys.stderr)
    return 1 if failed else 0


def _passed(name: str, options: list[str]) -> bool:
    print(f"\n== {name}", flush=True)
    return subprocess.run([sys.executable, "-m", f"scripts.bench.{name}", *options]).returncode == 0


def _size_options(name: str, arguments: argparse.Namespace) -> list[str]:
    """Return the options that give a benchmark its data, by --scale or --archive."""
    scale: float = arguments.scale
    if name == "pipeline":
        scales = {max(_MIN_SCALE, fraction * scale) for fraction in (0.01, 0.1, 1.0)}
        return ["--scales", *(f"{one:g}" for one in sorted(scales))]
    # an archive that is given is among the options of every benchmark
    options = [] if arguments.archive else ["--archive", str(archive_of(scale))]
    if name == "twins":
        users = (str(round(size * scale)) for size in (5_000, 20_000, 80_000))
        options += ["--users", *users]
    return options


if __name__ == "__main__":
    sys.exit(main())
