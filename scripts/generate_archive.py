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
from movierec_synthetic import SHAPES, SampleSpec, write_archive

# Users, movies and ratings of the archive that each shape imitates.
SIZES = {"small": (610, 9_742, 100_836), "full": (330_975, 86_537, 33_832_162)}


def argument_parser() -> argparse.ArgumentParser:
    """The command line; sizes default to those of the archive that the shape imitates."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
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
        help="whose distributions and sizes to imitate: ml-latest-small's or ml-latest's"
        " (default: %(default)s)",
    )
    parser.add_argument(
        "--min-ratings", type=int, help="fewest ratings a user (default: as the shape says)"
    )
    parser.add_argument("--twins", type=int, help="pairs to plant (default: 1 in 40 users)")
    parser.add_argument("--duplicates", type=int, help="pairs to plant (default: 1 in 150 users)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return its exit code (see the module)."""
    options = argument_parser().parse_args(arguments)
    try:
        shape = SHAPES[options.shape]
        if options.min_ratings is not None:
            shape = replace(shape, min_ratings_per_user=options.min_ratings)
        given = (options.users, options.movies, options.ratings)
        users, movies, ratings = (
            default if size is None else size
            for size, default in zip(given, SIZES[options.shape], strict=True)
        )
        spec = SampleSpec(
            users=users,
            movies=movies,
            ratings=ratings,
            seed=options.seed,
            shape=shape,
            twins=options.twins,
            duplicates=options.duplicates,
        )
        if (options.min_ratings or 0) * spec.users > spec.ratings:
            mean = spec.ratings // spec.users
            problem = f"--min-ratings is {options.min_ratings}: {spec.ratings} ratings allow {mean}"
            raise ConfigError([problem])
        truth = write_archive(spec, options.out, root=options.root)
    except ConfigError as error:
        for problem in error.problems:
            print(f"generate_archive: {problem}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"generate_archive: {options.out} could not be written: {error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("generate_archive: so many ratings do not fit in memory", file=sys.stderr)
        return 1
    print(f"{options.out} and {truth}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
