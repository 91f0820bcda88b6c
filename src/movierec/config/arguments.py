"""The command-line arguments that override a conf."""

from __future__ import annotations

import argparse
import json

from movierec.config.loader import split_assignments


def add_override_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --set and --archive."""
    parser.add_argument(
        "--set",
        type=split_assignments,
        action="extend",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="override a key; several may stand in one text, with blanks between them",
    )
    parser.add_argument(
        "--archive",
        metavar="PATH",
        help="the archive, in place of the one in conf, whose checksum and size then do not count",
    )


def overrides_of(arguments: argparse.Namespace) -> list[str]:
    """Return the overrides of --archive and --set; the latter win."""
    return [*archive_overrides(arguments.archive), *arguments.set]


def archive_overrides(path: str | None) -> list[str]:
    """Return the overrides that put another archive in place of the one in conf, if one is given.

    What conf says of its own archive does not hold for it: where to get it, checksum, size.
    """
    if path is None:
        return []
    known = ("url", "generate", "sha256", "expected_ratings")
    # JSON's quotes are YAML's too: a path may hold any character
    archive = f"source.archive={json.dumps(path, ensure_ascii=False)}"
    return [archive, *(f"source.{key}=null" for key in known)]
