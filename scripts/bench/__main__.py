"""Run the benchmarks, each in a process of its own, on generated data of a share of full size.

`python -m scripts.bench --config conf/full.yaml [--only topk,als] [--scale 0.1]`. Options of one
benchmark go through where it is the only one; `python -m scripts.bench.topk --help` lists them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from scripts.bench import harness
from scripts.bench.archives import archive_of, overrides_of

# Some 330 users: with fewer there is too little to tune on.
_LEAST = 0.001
NAMES = ("topk", "als", "twins", "evaluation", "pipeline", "cores", "endurance")
_OWN_DATA = {"pipeline", "cores"}


def main(argv: Sequence[str] | None = None) -> int:
    parser = harness.bench_parser("bench")
    parser.add_argument(
        "--only", default=",".join(NAMES), help="names, by comma (default: %(default)s)"
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of ml-latest (default: %(default)s)"
    )
    parser.add_argument("--archive", help="a zip to measure on (default: one is generated)")
    arguments, own = parser.parse_known_args(argv)
    names = arguments.only.split(",")
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        parser.error(f"--only {', '.join(unknown)}: there are {', '.join(NAMES)}")
    if not _LEAST <= arguments.scale <= 1:
        parser.error(f"--scale {arguments.scale:g}: give {_LEAST:g} to 1")
    if arguments.archive and (others := sorted(_OWN_DATA & set(names))):
        left = ",".join(name for name in names if name not in _OWN_DATA)
        cure = f"give --only {left}" if left else "leave it out"
        parser.error(f"--archive is not read by {' and '.join(others)}; {cure}")
    if own and len(names) > 1:
        parser.error(f"{' '.join(own)}: options of one benchmark need --only with its name")
    command = ["--config", arguments.config, "--repetitions", str(arguments.repetitions)]
    command += ["--out", str(arguments.out)]
    command += [part for override in arguments.set for part in ("--set", override)]
    failed = [
        name for name in names if not _passed(name, [*command, *_sized(name, arguments), *own])
    ]
    for name in failed:
        print(f"bench: {name} failed", file=sys.stderr)
    return 1 if failed else 0


def _passed(name: str, options: list[str]) -> bool:
    print(f"\n== {name}", flush=True)
    return subprocess.run([sys.executable, "-m", f"scripts.bench.{name}", *options]).returncode == 0


def _sized(name: str, arguments: argparse.Namespace) -> list[str]:
    """Return the options that make a benchmark as large as the scale."""
    scale: float = arguments.scale
    if name == "pipeline":
        shares = {max(_LEAST, share * scale) for share in (0.01, 0.1, 1.0)}
        return ["--scales", *(f"{share:g}" for share in sorted(shares))]
    if name == "cores":
        return ["--size", f"{max(_LEAST, 0.1 * scale):g}"]
    if name == "endurance":
        scale = max(_LEAST, 0.01 * scale)
    archive = arguments.archive or archive_of(scale)
    options = [part for override in overrides_of(archive) for part in ("--set", override)]
    if name == "twins":
        users = (str(round(size * scale)) for size in (5_000, 20_000, 80_000))
        options += ["--users", *users]
    return options


if __name__ == "__main__":
    sys.exit(main())
