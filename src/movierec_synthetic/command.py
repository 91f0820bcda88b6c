"""Generate a zip in MovieLens's layout from a seed, with the truth about its twins beside it.

Exit codes: 0 written, 2 the command line is wrong, 1 anything else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from movierec.errors import ConfigError
from movierec_synthetic.archive import write_archive
from movierec_synthetic.spec import SHAPES, SIZES, SampleSpec


def argument_parser() -> argparse.ArgumentParser:
    """The command line; sizes default to those of the archive that the shape imitates."""
    parser = argparse.ArgumentParser(
        prog="movierec generate", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--out", type=Path, required=True, metavar="PATH.zip", help="the archive")
    for place, name in enumerate(("users", "movies", "ratings")):
        defaults = ", ".join(f"{sizes[place]} for {shape}" for shape, sizes in SIZES.items())
        parser.add_argument(f"--{name}", type=int, help=f"(default: {defaults})")
    parser.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument(
        "--root", default="ml-sample", help="the folder inside the zip (default: %(default)s)"
    )
    parser.add_argument(
        "--shape",
        choices=sorted(SHAPES),
        default="small",
        help="imitate the distributions and sizes of ml-latest-small or of ml-latest"
        " (default: %(default)s)",
    )
    parser.add_argument(
        "--min-ratings", type=int, help="fewest ratings per user (default: the shape's)"
    )
    parser.add_argument("--twins", type=int, help="pairs to plant (default: 1 per 40 users)")
    parser.add_argument("--duplicates", type=int, help="pairs to plant (default: 1 per 150 users)")
    parser.add_argument(
        "--groups", type=int, metavar="N", help="give each user one of N tastes (default: mixtures)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (see the module)."""
    options = argument_parser().parse_args(argv)
    try:
        truth = write_archive(_spec(options), options.out, root=options.root)
    except ConfigError as error:
        for problem in error.problems:
            print(f"generate: {problem}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"generate: {options.out} could not be written: {error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("generate: the ratings do not fit in memory; ask for fewer", file=sys.stderr)
        return 1
    print(f"{options.out} and {truth}")
    return 0


def _spec(options: argparse.Namespace) -> SampleSpec:
    shape = SHAPES[options.shape]
    if options.min_ratings is not None:
        shape = replace(shape, min_ratings_per_user=options.min_ratings)
    if options.groups is not None:
        if options.groups < 1:
            raise ConfigError([f"--groups is {options.groups}: give at least 1"])
        shape = replace(shape, archetypes=options.groups, mixing=0.0)
    given = (options.users, options.movies, options.ratings)
    users, movies, ratings = (
        default if size is None else size
        for size, default in zip(given, SIZES[options.shape], strict=True)
    )
    planted = (options.twins, options.duplicates)
    spec = SampleSpec(users, movies, ratings, options.seed, shape, *planted)
    if (options.min_ratings or 0) * users > ratings:
        mean = ratings // users
        raise ConfigError(
            [f"--min-ratings is {options.min_ratings}: {ratings} ratings allow {mean}"]
        )
    return spec
